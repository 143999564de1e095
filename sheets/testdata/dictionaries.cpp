// Writes sheets/dictionaries.bin from OpenCV's predefined dictionaries:
//   g++ dictionaries.cpp -I/usr/include/opencv4 -o d -lopencv_aruco -lopencv_core && ./d > ../dictionaries.bin
#include <opencv2/aruco.hpp>
#include <cstdio>
using namespace cv;
int main() {
	const int all[] = {
		aruco::DICT_4X4_1000, aruco::DICT_5X5_1000, aruco::DICT_6X6_1000, aruco::DICT_7X7_1000,
		aruco::DICT_APRILTAG_16h5, aruco::DICT_APRILTAG_25h9, aruco::DICT_APRILTAG_36h10, aruco::DICT_APRILTAG_36h11,
	};
	for (int id : all) {
		auto d = aruco::getPredefinedDictionary(id);
		for (int i = 0; i < d->bytesList.rows; i++) {
			Mat m = aruco::Dictionary::getBitsFromByteList(d->bytesList.rowRange(i, i + 1), d->markerSize);
			int n = d->markerSize * d->markerSize, byte = 0;
			for (int k = 0; k < (n + 7) / 8 * 8; k++) { // a marker begins with a byte of its own
				byte = byte << 1 | (k < n && m.at<uchar>(k / d->markerSize, k % d->markerSize));
				if (k % 8 == 7) { putchar(byte & 255); byte = 0; }
			}
		}
	}
}
