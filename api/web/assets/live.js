// Keeps the ledger page fresh: the part called live is fetched again and replaced,
// while nobody selects text in it.

const every = 3000; // ms: a verdict is wanted while the paper is still in the hand
const fresh = document.getElementById('fresh');

async function renew() {
  if (document.hidden || !getSelection().isCollapsed) return;
  try {
    const answer = await fetch(location.href, {cache: 'no-store', headers: {'Accept': 'text/html'}});
    if (answer.redirected) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.getElementById('live').replaceWith(page.getElementById('live'));
    fresh.textContent = 'تازه است';
  } catch {
    fresh.textContent = 'سرور پاسخ نمی‌دهد؛ آنچه می‌بینید شاید کهنه باشد. دوباره تلاش می‌شود.';
  }
}

setInterval(renew, every);
