// Requests to the API. Every failure is a Failure with words for a person.

const csrf = document.querySelector('meta[name=csrf]').content;

export class Failure extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.status = problem.status || 0; // 0: no answer came
    this.code = problem.code || 'network';
    this.hint = problem.hint || '';
    this.rev = problem.rev;
  }
}

// send asks the API and returns its answer. What was not answered was perhaps done:
// the caller must be able to send it again.
export async function send(method, url, body) {
  const headers = {'X-CSRF-Token': csrf, 'Accept': 'application/json'};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(url, {method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store'});
  } catch {
    throw new Failure({detail: 'پاسخی از سرور نیامد.', hint: 'شبکه را بررسی کنید و کلید Enter را بزنید تا دوباره فرستاده شود.'});
  }
  if (answer.status === 401) {
    location.assign('/login?to=' + encodeURIComponent(location.pathname + location.search));
    return new Promise(() => {}); // the page is being left
  }
  let value;
  try {
    value = await answer.json();
  } catch {
    value = {status: answer.status, detail: 'پاسخ سرور خوانده نشد.', hint: 'کلید Enter را بزنید تا دوباره فرستاده شود.'};
    throw new Failure(value);
  }
  if (!answer.ok) throw new Failure(value);
  return value;
}

const digits = '۰۱۲۳۴۵۶۷۸۹';

// fa writes the digits of a text or number in Persian.
export function fa(v) {
  return String(v).replace(/[0-9]/g, (d) => digits[d]);
}
