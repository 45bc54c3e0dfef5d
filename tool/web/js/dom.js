// Elements from words. Text only ever becomes text: nothing here reads markup, so whatever a peer put
// into a name is shown and does nothing.

export function el(tag, properties = {}, ...children) {
    const node = document.createElement(tag);
    assign(node, properties);
    append(node, children);
    return node;
}

export function svg(tag, properties = {}, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    assign(node, properties);
    append(node, children);
    return node;
}

function assign(node, properties) {
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null || value === false) {
            continue;
        }
        if (name.startsWith('on')) {
            node.addEventListener(name.slice(2), value);
        } else if (name === 'class') {
            node.setAttribute('class', value);
        } else if (name === 'text') {
            node.textContent = inert(value);
        } else if (name === 'data') {
            Object.assign(node.dataset, value);
        } else if (name === 'value' || name === 'checked' || name === 'open') {
            node[name] = value;
        } else {
            node.setAttribute(name, value === true ? '' : value);
        }
    }
}

function append(node, children) {
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false) {
            node.append(typeof child === 'object' ? child : inert(child));
        }
    }
}

export function fill(node, ...children) {
    node.replaceChildren();
    append(node, children);
    return node;
}

// Control characters, and what turns the direction of writing or cannot be seen, appear by number. The
// program has done so already; a file may come from elsewhere.
export function inert(value) {
    return String(value).replace(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu,
        (c) => `\\u{${c.codePointAt(0).toString(16).padStart(4, '0')}}`);
}

let nextId = 0;

export function newId(prefix) {
    return `${prefix}-${++nextId}`;
}

// "RFC 9846, 4.3.1" as a link to that section; anything else stays text.
export function rfcLink(place) {
    const found = /^RFC (\d+)(?:, (?:section )?([A-Za-z]?[\d.]*\d|appendix ([A-Z](?:\.\d+)*)))?/.exec(place ?? '');
    if (!found) {
        return el('span', { class: 'place', text: place ?? '' });
    }
    const section = found[3] ? `#appendix-${found[3]}` : found[2] ? `#section-${found[2]}` : '';
    return el('a', { class: 'place', href: `https://www.rfc-editor.org/rfc/rfc${found[1]}.html${section}`,
                     rel: 'noreferrer', target: '_blank', text: place });
}

export function bytesText(count) {
    return count < 10000 ? `${count} B` : `${(count / 1024).toFixed(1)} KiB`;
}

export function timeText(ms) {
    if (ms === null || !Number.isFinite(ms)) {
        return '';
    }
    return ms === 0 ? '0' : ms < 1 ? `${Math.round(ms * 1000)} µs` : ms < 100 ? `${ms.toFixed(1)} ms` :
        ms < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
