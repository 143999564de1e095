// The review desk: one question at a time, decided with one key, saved at once.

import {send, fa} from './http.js';

const at = (id) => document.getElementById(id);
const desk = at('desk'), say = at('say'), options = at('options'), crops = at('crops'), sheet = at('sheet');

// How often an empty desk looks for new questions, in ms.
const lookAgain = 8000;

let task = null; // the question on the desk
let left = 0;
let marks = null; // while several marks are being chosen: a Set of them
let pending = null; // what was not answered and can be sent again with Enter
let timer = 0;

// What this reviewer decided in this window, the latest last, and the latest rev of
// each script: it survives a reload of the page.
const past = JSON.parse(sessionStorage.getItem('past') || '[]');
const revs = JSON.parse(sessionStorage.getItem('revs') || '{}');
let done = Number(sessionStorage.getItem('done') || 0);

function remember() {
  if (past.length > 200) past.splice(0, past.length - 200);
  sessionStorage.setItem('past', JSON.stringify(past));
  sessionStorage.setItem('revs', JSON.stringify(revs));
  sessionStorage.setItem('done', String(done));
}

function tell(kind, text) {
  say.className = 'say ' + kind;
  say.textContent = text;
}

function state(s) {
  desk.dataset.state = s;
  at('undo').disabled = at('undo2').disabled = past.length === 0;
}

// next leases the most decisive question that is open.
async function next() {
  clearTimeout(timer);
  state('busy');
  try {
    const a = await send('POST', '/api/v1/review/next');
    left = a.left;
    if (a.task) {
      show(a.task);
      return;
    }
    empty(a);
  } catch (err) {
    failed(err, next);
  }
}

function empty(a) {
  task = null;
  at('emptysay').textContent = a.sessions.length === 0
    ? 'معرفی‌نامه‌ای که امروز معتبر باشد برای شما ثبت نشده است. از مرکز بخواهید شما را معرفی کند.'
    : a.left > 0
      ? fa(a.left) + ' پرسش دیگر باز است، که یا نزد همکار شماست یا دربارهٔ آن گفته‌اید «نمی‌توان گفت».'
      : 'همهٔ پرسش‌های آزمون‌های شما داوری شده است. در این نشست ' + fa(done) + ' داوری کردید.';
  at('empty').hidden = false;
  state('empty');
  timer = setTimeout(next, lookAgain);
}

// show puts a question on the desk. It can be decided once its pictures are there.
async function show(q) {
  task = q;
  marks = null;
  at('empty').hidden = true;
  state('busy');
  at('label').textContent = q.label;
  at('decisive').hidden = !q.decisive;
  at('why').textContent = q.why.join('؛ ');
  at('left').textContent = fa(left);
  at('done').textContent = fa(done);
  options.className = q.options.length > 5 ? 'options many' : 'options';
  options.replaceChildren(...q.options.map(button));
  at('blank').querySelector('bdi').textContent = keyed(q) ? 'B' : '0';
  at('several').disabled = q.options.length < 2;
  at('alike').hidden = !q.alike;
  at('alike').setAttribute('aria-pressed', 'false');
  at('alike').querySelector('span').textContent = 'همین تصمیم برای همهٔ ' + (q.doubts.some((d) => d.reason === 'cross') ? 'ضربدرهای' : 'تیک‌های') + ' این برگه (' + fa((q.alike || 0) + 1) + ')';
  if (q.several) choose(new Set());
  mark();
  try {
    await draw(q);
  } catch {
    if (task !== q) return;
    tell('bad', 'تصویر نیامد. بی دیدن تصویر داوری نکنید؛ کلید Enter را بزنید تا دوباره آورده شود.');
    pending = () => show(q);
    return;
  }
  if (task === q) state('ready');
}

// keyed says that the options are digits of a number: then every digit is one of them.
function keyed(q) {
  return q.options.includes('0');
}

// wordOf is an option for a person. The staff's bubble is one box: marked or not.
function wordOf(q, choice) {
  return q.role === 'presence' ? 'نشانه دارد' : fa(choice);
}

// button is the button of an option, in the sheet's order; key is what decides it.
function button(choice, i) {
  const b = document.createElement('button');
  const word = document.createElement('span');
  const key = document.createElement('kbd');
  b.type = 'button';
  b.dataset.choice = choice;
  word.textContent = wordOf(task, choice);
  key.textContent = keyed(task) ? choice : String(i + 1);
  b.append(word, key);
  b.addEventListener('click', () => pick(choice));
  return b;
}

// telephone says that the sheet lies below the question, and not beside it.
function telephone() {
  return matchMedia('(max-width: 760px)').matches;
}

// draw loads and places the pictures: the sheet first, and in what it leaves of the
// window the row in its surroundings, twice when two scans disagree.
async function draw(q) {
  const ps = q.pictures;
  const main = document.querySelector('.desk main').getBoundingClientRect();
  const beside = telephone() ? {w: main.width - 24, h: Infinity} : {w: main.width * 0.47, h: main.height - 30};
  const page = ps.slice(0, 1).map((p) => picture(p.page, p.page_size, p.place, beside));
  sheet.replaceChildren(...page.map((p) => p.box));
  const tall = ps.length > 0 && ps[0].size[1] > ps[0].size[0] * 0.6;
  crops.className = 'crops' + (ps.length > 1 ? ' two' : '') + (tall ? ' beside' : '');
  crops.replaceChildren();
  const area = crops.getBoundingClientRect();
  const n = Math.max(1, ps.length);
  const room = tall ? {w: area.width / n - 10, h: area.height} : {w: area.width, h: area.height / n - 10};
  const big = ps.map((p) => picture(p.crop, p.size, p.frame, room));
  crops.replaceChildren(...big.map((b) => b.box));
  await Promise.all([...big, ...page].map((p) => p.ready));
}

// picture is an image with its frame, as large as fits into room.
function picture(url, size, frame, room) {
  const box = document.createElement('div');
  const img = new Image();
  const k = Math.min(room.w / size[0], room.h / size[1], 14); // px a mm: larger shows only the scan's own grain
  const w = Math.floor(size[0] * k), h = Math.floor(size[1] * k);
  box.className = 'picture';
  box.style.width = w + 'px';
  box.style.height = h + 'px';
  img.alt = '';
  img.draggable = false;
  box.append(img);
  if (frame) {
    const f = document.createElement('div');
    f.className = 'frame';
    const pad = 5; // px: the frame must not touch what it frames
    f.style.left = frame[0] * w - pad + 'px';
    f.style.top = frame[1] * h - pad + 'px';
    f.style.width = frame[2] * w + 2 * pad + 'px';
    f.style.height = frame[3] * h + 2 * pad + 'px';
    box.append(f);
  }
  const wide = Math.min(2400, Math.ceil(w * (window.devicePixelRatio || 1) / 50) * 50);
  const ready = new Promise((resolve, reject) => {
    img.onload = resolve;
    img.onerror = reject;
  });
  img.src = url + '&width=' + Math.max(64, wide);
  return {box, ready};
}

// pick is one option: a decision, or one of several marks.
function pick(choice) {
  if (desk.dataset.state !== 'ready') return;
  if (!marks) {
    decide({choices: [choice]});
    return;
  }
  marks.delete(choice) || marks.add(choice);
  mark();
}

// choose begins, or with null ends, the choosing of several marks.
function choose(set) {
  marks = set;
  mark();
  if (set) tell('hint', 'همهٔ گزینه‌های نشانه‌خورده را انتخاب کنید و کلید Enter را بزنید؛ برای بازگشت، Esc.');
}

function mark() {
  at('several').setAttribute('aria-pressed', String(marks !== null));
  for (const b of options.children) b.setAttribute('aria-pressed', String(marks !== null && marks.has(b.dataset.choice)));
}

// several begins to choose several marks, or confirms those chosen.
function several() {
  if (desk.dataset.state !== 'ready' || at('several').disabled) return;
  if (!marks) {
    const named = task.doubts.map((d) => d.choice).filter((c) => task.options.includes(c));
    choose(new Set(named.length > 1 ? named : []));
    return;
  }
  confirm();
}

// alike says whether the next decision is for all ticks, or crosses, of the sheet.
function alike() {
  return !at('alike').hidden && at('alike').getAttribute('aria-pressed') === 'true';
}

function toggleAlike() {
  if (desk.dataset.state !== 'ready' || at('alike').hidden) return;
  at('alike').setAttribute('aria-pressed', String(!alike()));
  tell('hint', alike() ? 'گزینهٔ نشانه‌خورده را بزنید تا همهٔ این نشانه‌ها پذیرفته شود، یا «سفید است» را تا هیچ‌یک پذیرفته نشود.' : '');
}

function confirm() {
  if (marks.size < 2 && !task.several) {
    tell('hint', 'دست‌کم دو گزینه انتخاب کنید، یا Esc را بزنید.');
    return;
  }
  decide({choices: task.options.filter((c) => marks.has(c))});
}

// decide saves a decision at once and goes on.
async function decide(what) {
  if (desk.dataset.state !== 'ready') return;
  state('busy');
  const q = task;
  pending = null;
  if (alike() && what.choices) what = {...what, alike: true};
  try {
    const a = await send('POST', rulings(q), {rev: q.rev, field: q.field, ...what});
    past.push(q, ...(a.also || []));
    revs[q.script] = a.rev;
    done += 1 + (a.also || []).length;
    remember();
  } catch (err) {
    failed(err, () => {
      state('ready');
      return decide(what);
    });
    return;
  }
  tell('good', words(q, what));
  task = null;
  await next();
}

function rulings(q) {
  return '/api/v1/scripts/' + encodeURIComponent(q.script) + '/rulings';
}

function words(q, what) {
  const said = what.cannot_say ? 'نمی‌توان گفت'
    : what.choices.length === 0 ? 'سفید است'
      : q.role === 'presence' ? 'نشانه دارد'
      : what.choices.length === 1 ? 'گزینهٔ ' + fa(what.choices[0])
        : 'گزینه‌های ' + what.choices.map(fa).join(' و ');
  return 'ثبت شد: ' + q.label + '، ' + said + '.';
}

// undo withdraws this reviewer's last decision and shows its question again.
async function undo() {
  if (past.length === 0 || desk.dataset.state === 'busy') return;
  clearTimeout(timer);
  state('busy');
  const q = past[past.length - 1];
  try {
    const rev = await withdraw(q);
    past.pop();
    done = Math.max(0, done - 1);
    left++;
    remember();
    tell('hint', 'داوری پیشین پس گرفته شد. دوباره تصمیم بگیرید.');
    await show({...q, rev});
  } catch (err) {
    if (err.code === 'conflict' || err.code === 'not-found') {
      past.pop();
      remember();
      tell('bad', err.message + ' ' + err.hint);
      await next();
      return;
    }
    failed(err, () => {
      state('ready');
      return undo();
    });
  }
}

// withdraw takes back the decision on q and returns the script's new rev. Another
// decision on the same script in between does not stand in its way.
async function withdraw(q) {
  const body = {rev: revs[q.script], field: q.field, withdrawn: true};
  let a;
  try {
    a = await send('POST', rulings(q), body);
  } catch (err) {
    if (err.rev === undefined || err.rev === body.rev) throw err;
    a = await send('POST', rulings(q), {...body, rev: err.rev});
  }
  revs[q.script] = a.rev;
  return a.rev;
}

// failed says what went wrong; again is tried with Enter.
function failed(err, again) {
  if (!('status' in err)) throw err; // a fault of this page, not of the request
  if (err.code === 'conflict') {
    tell('bad', err.message + ' ' + err.hint);
    pending = null;
    next();
    return;
  }
  if (err.code === 'csrf') {
    tell('bad', 'این صفحه کهنه شده است. آن را دوباره باز کنید؛ داوری‌های ثبت‌شده سر جای خود است.');
    state('ready');
    return;
  }
  tell('bad', err.message + ' ' + (task ? 'تصمیم شما هنوز ثبت نشده است. ' : '') + err.hint);
  pending = again;
  state(task ? 'ready' : 'busy');
  if (err.status === 0 || err.status >= 500) return;
  pending = null;
}

// again sends what was not answered.
function again() {
  const f = pending;
  pending = null;
  f();
}

// Keys are known by their place, not by what the layout writes: under a Persian
// layout the key 1 writes ۱.
const keys = {
  KeyB: () => decide({choices: []}), KeyD: several, KeyX: () => decide({cannot_say: true}),
  KeyA: toggleAlike, KeyU: undo, Backspace: undo,
  Enter: () => pending ? again() : marks && confirm(),
  NumpadEnter: () => pending ? again() : marks && confirm(),
  Escape: () => {
    if (marks && !task.several) {
      choose(null);
      tell('', '');
    }
  },
};

function digit(n) {
  if (!task) return;
  if (keyed(task)) {
    if (task.options.includes(String(n))) pick(String(n));
  } else if (n === 0) {
    decide({choices: []});
  } else if (n <= task.options.length) {
    pick(task.options[n - 1]);
  }
}

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.repeat) return;
  if (e.target instanceof HTMLButtonElement && /Enter$/.test(e.code) && !pending && !marks) return; // presses the button
  const n = /^(?:Digit|Numpad)([0-9])$/.exec(e.code);
  if (n) {
    e.preventDefault();
    digit(Number(n[1]));
  } else if (keys[e.code]) {
    e.preventDefault();
    if (task || e.code === 'KeyU' || e.code === 'Backspace' || pending) keys[e.code]();
  }
});

at('blank').addEventListener('click', () => decide({choices: []}));
at('several').addEventListener('click', several);
at('cannot').addEventListener('click', () => decide({cannot_say: true}));
at('alike').addEventListener('click', toggleAlike);
at('undo').addEventListener('click', undo);
at('undo2').addEventListener('click', undo);
addEventListener('online', () => pending && again());
// A telephone changes its height whenever its address bar comes and goes; only its width matters.
let drawn = innerWidth;
addEventListener('resize', () => {
  if (telephone() && innerWidth === drawn) return;
  drawn = innerWidth;
  if (task && desk.dataset.state === 'ready') draw(task);
});

at('done').textContent = fa(done);
next();
