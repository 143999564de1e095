package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"bargkhan/api/exam"
)

// A route is one address, who may use it, and what it does.
type route struct {
	method, path string

	// needs lists the duties of which the caller must have one. Empty means anyone
	// who is logged in; nil means everyone, also without.
	needs []exam.Duty

	do echo.HandlerFunc
}

// Who may use what, where several routes share it.
var (
	everyone []exam.Duty // nil: nobody need be known
	anyone   = []exam.Duty{}

	readers  = []exam.Duty{exam.Expert, exam.Centre, exam.Auditor}                                 // of names, keys and results
	deciders = []exam.Duty{exam.Supervisor, exam.Expert, exam.Centre, exam.Auditor}                // of what is open; a supervisor in his own sessions
	halls    = []exam.Duty{exam.Operator, exam.Expert, exam.Centre, exam.Auditor}                  // of what the scanners do
	clerks   = []exam.Duty{exam.Expert, exam.Approver, exam.Centre, exam.Auditor}                  // of certificates
	seated   = []exam.Duty{exam.Supervisor, exam.Expert, exam.Approver, exam.Centre, exam.Auditor} // of how far a session is
	namers   = []exam.Duty{exam.Centre, exam.Admin}                                                // of supervisors
	senders  = []exam.Duty{exam.Station, exam.Operator, exam.Expert}                               // of files of stations far away
	carriers = []exam.Duty{exam.Operator, exam.Expert}                                             // of what is scanned
	actors   = []exam.Duty{exam.Expert, exam.Approver}                                             // with certificates, each his own acts
)

// just is one duty.
func just(d exam.Duty) []exam.Duty { return []exam.Duty{d} }

// routes is the whole surface: one line an address. The test of this table asks
// every address with every duty.
func (f *surface) routes() []route {
	const v1 = "/api/v1"
	const get, put, post = http.MethodGet, http.MethodPut, http.MethodPost
	return []route{
		{get, v1 + "/openapi.yaml", everyone, f.openapi},
		{get, v1 + "/me", anyone, f.me},

		{get, v1 + "/sessions", seated, f.listSessions},
		{put, v1 + "/sessions/:id", just(exam.Expert), f.putSession},
		{get, v1 + "/sessions/:id", clerks, f.getSession},
		{post, v1 + "/sessions/:id/designs", just(exam.Expert), f.addDesign},
		{get, v1 + "/sessions/:id/designs", readers, f.listDesigns},
		{put, v1 + "/sessions/:id/roster", just(exam.Expert), f.putRoster},
		{get, v1 + "/sessions/:id/roster", readers, f.getRoster},
		{post, v1 + "/sessions/:id/keys", just(exam.Expert), f.addKey},
		{get, v1 + "/sessions/:id/keys", readers, f.listKeys},
		{post, v1 + "/sessions/:id/sheets", just(exam.Expert), f.printSheets},
		{get, v1 + "/sessions/:id/sheets", readers, f.listSheets},
		{get, v1 + "/sessions/:id/decks", halls, f.listDecks},
		{post, v1 + "/sessions/:id/decks", carriers, f.addDeck},
		{post, v1 + "/sessions/:id/decks/waivers", just(exam.Expert), f.waiveDeck},
		{post, v1 + "/sessions/:id/opening", just(exam.Expert), f.openScanning},
		{post, v1 + "/sessions/:id/appointments", namers, f.appoint},
		{get, v1 + "/sessions/:id/tasks", deciders, f.listTasks},
		{get, v1 + "/sessions/:id/grades", readers, f.grades},
		{get, v1 + "/sessions/:id/venues", readers, f.listVenues},
		{put, v1 + "/sessions/:id/venues/:venue/absent", just(exam.Expert), f.putAbsent},
		{post, v1 + "/sessions/:id/venues/:venue/waivers", just(exam.Expert), f.waive},
		{post, v1 + "/sessions/:id/venues/:venue/closing", just(exam.Expert), f.closeVenue},
		{post, v1 + "/sessions/:id/certificates", just(exam.Expert), f.issue},
		{get, v1 + "/sessions/:id/certificates", clerks, f.listCertificates},
		{get, v1 + "/sessions/:id/certificates.pdf", clerks, f.certificatesPDF},

		{get, v1 + "/stations", halls, f.listStations},
		{post, v1 + "/stations/:id/scans", carriers, f.drop},
		{get, v1 + "/stations/:id/scans", halls, f.ledger},
		{get, v1 + "/stations/:id/waiting", halls, f.waiting},
		{post, v1 + "/stations/:id/batches", []exam.Duty{exam.Operator, exam.Expert}, f.endBatch},
		{get, v1 + "/stations/:id/batches", halls, f.listBatches},
		{get, v1 + "/stations/:id/trays", halls, f.trays},
		{get, v1 + "/stations/:id/keys", just(exam.Admin), f.stationKeys},
		{post, v1 + "/stations/:id/key", just(exam.Admin), f.giveKey},
		{http.MethodDelete, v1 + "/stations/:id/key", just(exam.Admin), f.revokeKey},
		{post, v1 + "/stations/:id/greeting", just(exam.Station), f.greet},
		{get, v1 + "/stations/:id/files/:file", senders, f.fileState},
		{put, v1 + "/stations/:id/files/:file", senders, f.filePiece},
		{get, v1 + "/stations/:id/files/:file/pages/:page", senders, f.farPicture},
		{post, v1 + "/stations/:id/fates", senders, f.farFates},
		{post, v1 + "/stations/:id/imports", carriers, f.importList},

		{post, v1 + "/review/next", just(exam.Supervisor), f.next},
		{get, v1 + "/tasks/:script/:field/crop.jpg", deciders, f.crop},
		{get, v1 + "/tasks/:script/:field/page.jpg", deciders, f.page},
		{post, v1 + "/scripts/:id/rulings", []exam.Duty{exam.Supervisor, exam.Expert}, f.rule},
		{get, v1 + "/scripts/:id", readers, f.script},
		{get, v1 + "/scripts/:id/pages/:n", readers, f.scriptPage},

		{get, v1 + "/certificates/:serial", clerks, f.certificate},
		{get, v1 + "/certificates/:serial/pdf", clerks, f.certificatePDF},
		{post, v1 + "/certificates/:serial/acts", actors, f.act},
		{get, v1 + "/verify/:serial", everyone, f.verify},

		{get, v1 + "/accounts", just(exam.Admin), f.listAccounts},
		{put, v1 + "/accounts/:login", just(exam.Admin), f.putAccount},
		{get, v1 + "/accounts/:login/appointments", namers, f.listAppointments},
		{get, v1 + "/tokens", just(exam.Admin), f.listTokens},
		{post, v1 + "/tokens", just(exam.Admin), f.addToken},
		{http.MethodDelete, v1 + "/tokens/:id", just(exam.Admin), f.dropToken},

		{get, "/healthz", everyone, f.health},
		{get, "/readyz", everyone, f.ready},
		{get, "/metrics", everyone, f.metrics()},

		{get, "/assets/:file", everyone, f.asset},
		{get, "/assets/fonts/:file", everyone, f.font},
		{get, "/login", everyone, f.loginPage},
		{post, "/login", everyone, f.login},
		{post, "/logout", anyone, f.logout},
		{get, "/", anyone, f.home},
		{get, "/review", just(exam.Supervisor), f.reviewPage},
		{get, "/stations", halls, f.stationsPage},
		{post, "/stations/batch", []exam.Duty{exam.Operator, exam.Expert}, f.batchForm},
		{get, "/sessions/:id/venues", readers, f.venuesPage},
		{post, "/sessions/:id/venues", just(exam.Expert), f.venueForm},
		{get, "/sessions/:id/opening", halls, f.openingPage},
		{post, "/sessions/:id/opening", just(exam.Expert), f.openingForm},
		{get, "/sessions/:id", clerks, f.sessionPage},
		{post, "/sessions/:id/issue", just(exam.Expert), f.issueForm},
		{post, "/sessions/:id/approve", just(exam.Approver), f.approveForm},
		{post, "/sessions/:id/ruling", just(exam.Expert), f.rulingForm},
		{post, "/certificates/:serial/act", actors, f.actForm},
		{get, "/v/:serial", everyone, f.verifyPage},
	}
}
