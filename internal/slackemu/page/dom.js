// Building the page. Text only ever becomes text nodes, so that nothing that came from a cluster is markup.

/**
 * h makes an element: properties starting with "on" are listeners, "class" and names with a dash or in upper case are
 * attributes, the rest are properties; null and false children are left out.
 */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) el.addEventListener(key.slice(2), value);
    else if (key === 'class' || key === 'role' || key === 'for' || key.includes('-')) el.setAttribute(key, value);
    else el[key] = value;
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false && c !== ''));
  return el;
}

const SVG = 'http://www.w3.org/2000/svg';

/** icon draws a path in a 20 by 20 box. */
export function icon(path, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  if (label) svg.setAttribute('aria-label', label);
  else svg.setAttribute('aria-hidden', 'true');
  const p = document.createElementNS(SVG, 'path');
  p.setAttribute('d', path);
  svg.append(p);
  return svg;
}

/**
 * sync makes the children of a container be the items', in order. A child is kept as long as its key and its version
 * stay, so that focus, selection and scrolling survive what does not concern them.
 */
export function sync(container, items, key, version, create) {
  const old = new Map([...container.children].map((el) => [el.dataset.key, el]));
  let at = container.firstElementChild;
  for (const item of items) {
    const k = key(item);
    const v = String(version(item));
    let el = old.get(k);
    if (!el || el.dataset.version !== v) {
      const fresh = create(item);
      fresh.dataset.key = k;
      fresh.dataset.version = v;
      if (el) {
        if (el === at) at = fresh;
        el.replaceWith(fresh);
      }
      el = fresh;
    }
    old.delete(k);
    if (el === at) at = at.nextElementSibling;
    else container.insertBefore(el, at);
  }
  for (const el of old.values()) el.remove();
}

/** avatar is a square with a person's initials, or the app's cross. */
export function avatar(id, name, app) {
  if (app) return h('span', { class: 'avatar avatar-app', 'aria-hidden': 'true' });
  if (id === 'USLACKBOT') return h('span', { class: 'avatar avatar-bot', 'aria-hidden': 'true' }, '♥');
  const initials = name.split(/\s+/).map((w) => [...w][0] || '').slice(0, 2).join('').toUpperCase();
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 997;
  return h('span', { class: `avatar avatar-${sum % 6}`, 'aria-hidden': 'true' }, initials);
}

/** announce shows a line at the bottom for a few seconds. */
export function announce(text, bad) {
  const toast = document.getElementById('toast');
  toast.textContent = text;
  toast.className = bad ? 'toast shown bad' : 'toast shown';
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { toast.className = 'toast'; }, 6000);
}
