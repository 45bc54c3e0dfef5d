// A message's bytes, 16 to a line, each belonging to a field. Pointing at bytes tells the field, and the
// other way round.
import { hex8 } from './bytes.js';
import { el } from './dom.js';
import { leavesOf } from './model.js';

const PER_ROW = 16;

// options: on(leafIndex) when pointed at; pick(offset) when clicked; changed: a set of offsets.
export function bytesView(bytes, fields, options = {}) {
    const leaves = leavesOf(fields);
    const owner = ownersOf(bytes.length, leaves);
    const element = el('div', { class: 'bytes', role: 'group', tabindex: 0, 'aria-label': `${bytes.length} bytes in hexadecimal` });
    const cells = [];
    for (let at = 0; at < bytes.length; at += PER_ROW) {
        element.append(rowOf(bytes, at, owner, cells, options));
    }
    listen(element, cells, owner, options);
    return {
        element,
        cells,
        // Lights the bytes from..to and scrolls to them if asked.
        light(from, to, scroll = false) {
            cells.forEach((cell, i) => cell.classList.toggle('lit', i >= from && i < to));
            if (scroll && to > from && cells[from]) {
                scrollTo(element, cells[from]);
            }
        },
    };
}

// Scrolls a box without moving the page.
export function scrollTo(box, node) {
    const [outer, inner] = [box.getBoundingClientRect(), node.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
        box.scrollTop += inner.top - outer.top - outer.height / 3;
    }
}

function ownersOf(length, leaves) {
    const owner = new Int32Array(length).fill(-1);
    leaves.forEach((leaf, i) => owner.fill(i, leaf.at, leaf.at + leaf.len));
    return owner;
}

function rowOf(bytes, at, owner, cells, options) {
    const row = el('div', { class: 'row' }, el('span', { class: 'offset', text: at.toString(16).padStart(4, '0') }));
    const hex = el('span', { class: 'hex' });
    let ascii = '';
    for (let i = at; i < Math.min(at + PER_ROW, bytes.length); i++) {
        const start = i === 0 || owner[i] !== owner[i - 1];
        const cell = el('span', { class: `b ${owner[i] % 2 ? 'odd' : 'even'}${start ? ' start' : ''}${options.changed?.has(i) ? ' changed' : ''}`,
                                  text: hex8(bytes[i]) });
        cell.dataset.at = i;
        cells.push(cell);
        hex.append(cell);
        ascii += bytes[i] >= 0x20 && bytes[i] < 0x7f ? String.fromCharCode(bytes[i]) : '·';
    }
    row.append(hex, el('span', { class: 'ascii', 'aria-hidden': 'true', text: ascii }));
    return row;
}

function listen(element, cells, owner, options) {
    const atOf = (event) => (event.target.dataset?.at === undefined ? -1 : Number(event.target.dataset.at));
    element.addEventListener('pointerover', (event) => {
        const at = atOf(event);
        if (at >= 0) {
            options.on?.(owner[at]);
        }
    });
    element.addEventListener('pointerleave', () => options.on?.(-1));
    element.addEventListener('click', (event) => {
        const at = atOf(event);
        if (at >= 0) {
            options.pick?.(at, owner[at]);
        }
    });
    let cursor = -1;
    element.addEventListener('keydown', (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: PER_ROW, ArrowUp: -PER_ROW }[event.key];
        if (by !== undefined && cells.length > 0) {
            cursor = Math.max(0, Math.min(cells.length - 1, cursor < 0 ? 0 : cursor + by));
            scrollTo(element, cells[cursor]);
            options.on?.(owner[cursor]);
            options.cursor?.(cursor);
            event.preventDefault();
            event.stopPropagation();
        } else if (event.key === 'Enter' && cursor >= 0) {
            options.pick?.(cursor, owner[cursor]);
        }
    });
}
