// Talking to the server.

/** post does something in a person's name; the answer has ok, and error when not. */
export async function post(what, request) {
  try {
    const r = await fetch(`ui/${what}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(request) });
    if (r.headers.get('Content-Type')?.startsWith('application/json')) return await r.json();
    return { ok: false, error: `The server answered ${r.status}.` };
  } catch {
    return { ok: false, error: 'The server can’t be reached.' };
  }
}

/** look fetches the workspace as a person sees it. */
export async function look(query) {
  const r = await fetch(`ui/state?${new URLSearchParams(query)}`);
  if (!r.ok) throw new Error(`The server answered ${r.status}.`);
  return r.json();
}

/** listen calls changed at every change, and connected with whether the server is there. */
export function listen(changed, connected) {
  const events = new EventSource('ui/events');
  events.onopen = () => connected(true);
  events.onmessage = () => changed();
  events.onerror = () => connected(false);
}
