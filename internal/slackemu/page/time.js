// Times, always the reader's own.

export const dateOf = (ts) => new Date(parseFloat(ts) * 1000);

const fmt = (options) => new Intl.DateTimeFormat(undefined, options);
const clockFormat = fmt({ hour: 'numeric', minute: '2-digit' });

export const clock = (ts) => clockFormat.format(dateOf(ts));
export const full = (ts) => fmt({ dateStyle: 'full', timeStyle: 'medium' }).format(dateOf(ts));

const dayNumber = (d) => Math.floor((d.getTime() - d.getTimezoneOffset() * 60000) / 86400000);

/** day is a date's name: Today, Yesterday, or the date itself. */
export function day(date, options = { weekday: 'long', month: 'long', day: 'numeric' }, plain = false) {
  const off = dayNumber(new Date()) - dayNumber(date);
  if (!plain && off === 0) return 'Today';
  if (!plain && off === 1) return 'Yesterday';
  if (!plain && off === -1) return 'Tomorrow';
  return fmt(options).format(date);
}

/** ago is how long a moment is past, in words. */
export function ago(date) {
  const s = Math.max(0, (Date.now() - date.getTime()) / 1000);
  if (s < 45) return 'just now';
  const [n, unit] = s < 3600 ? [s / 60, 'minute'] : s < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day'];
  const whole = Math.max(1, Math.round(n));
  return `${whole} ${unit}${whole === 1 ? '' : 's'} ago`;
}

const dateTokens = {
  date_num: (d) => [d.getFullYear(), d.getMonth() + 1, d.getDate()].map((n) => String(n).padStart(2, '0')).join('-'),
  date: (d) => day(d, { month: 'long', day: 'numeric', year: 'numeric' }, true),
  date_pretty: (d) => day(d, { month: 'long', day: 'numeric', year: 'numeric' }),
  date_short: (d) => day(d, { month: 'short', day: 'numeric', year: 'numeric' }, true),
  date_short_pretty: (d) => day(d, { month: 'short', day: 'numeric', year: 'numeric' }),
  date_long: (d) => day(d, { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }, true),
  date_long_pretty: (d) => day(d, { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' }),
  time: (d) => clockFormat.format(d),
  time_secs: (d) => fmt({ hour: 'numeric', minute: '2-digit', second: '2-digit' }).format(d),
  ago: (d) => ago(d),
};

/** slackDate fills the format of <!date^…>; null if it can't be, and then the fallback is to be shown. */
export function slackDate(seconds, format) {
  const d = new Date(Number(seconds) * 1000);
  if (Number.isNaN(d.getTime())) return null;
  let known = true;
  const out = format.replace(/\{(\w+)\}/g, (all, token) => {
    const f = dateTokens[token];
    known &&= Boolean(f);
    return f ? f(d) : all;
  });
  return known ? out : null;
}
