// Where things stand in the picture. Time runs down. A step down is as large as it must be to be read, and
// what is longer slants more: the axis says the true times.

import { isAside } from './clock.js';

export const ROW = 38;
const TOP = 22;
const FLIGHT_GAP = 20;
const SLANT = 10;

// { rows: [{ y1, y2 }], ticks: [{ y, ms }], height, tcp: [...] } of entries and their times.
export function layoutOf(model, times, options = {}) {
    const delay = options.delay ?? 0;
    const slant = SLANT + Math.min(70, Math.sqrt(delay) * 4.5);
    const rows = [];
    const ticks = [];
    let y = TOP;
    const tcp = options.withTcp ? tcpRows(y, slant) : [];
    if (tcp.length > 0) {
        ticks.push({ y, ms: 0 });
        y = tcp.at(-1).y2 + FLIGHT_GAP;
    }
    let from = null;
    for (const [i, entry] of model.entries.entries()) {
        const aside = isAside(entry, from === null ? null : { from });
        if (from !== null) {
            y = from === entry.from || aside ? rows[i - 1].y1 + ROW : Math.max(rows[i - 1].y2 + FLIGHT_GAP, rows[i - 1].y1 + ROW);
        }
        rows.push({ y1: y, y2: y + slant });
        if (from !== entry.from && !aside) {
            ticks.push({ y, ms: times[i].sent });
            if (i > 0 && delay > 0) {
                ticks.push({ y: rows[i - 1].y2, ms: times[i - 1].received });
            }
        }
        from = aside ? from : entry.from;
    }
    if (rows.length > 0) {
        ticks.push({ y: rows.at(-1).y2, ms: times.at(-1).received });
    }
    ticks.sort((a, b) => a.y - b.y);
    return { rows, ticks: apart(ticks), tcp, height: (rows.at(-1)?.y2 ?? TOP) + 26 };
}

function tcpRows(y, slant) {
    const syn = { from: 'client', name: 'TCP SYN', y1: y, y2: y + slant };
    return [syn, { from: 'server', name: 'TCP SYN, ACK', y1: syn.y2, y2: syn.y2 + slant }];
}

// Ticks that would stand on one another: the first stays.
function apart(ticks) {
    const kept = [];
    for (const tick of ticks) {
        if (kept.length === 0 || tick.y - kept.at(-1).y >= 15) {
            kept.push(tick);
        }
    }
    return kept;
}

// How many entries have happened when the hand of the clock stands at y.
export function positionAt(rows, y) {
    let position = 0;
    while (position < rows.length && rows[position].y2 <= y + ROW / 3) {
        position++;
    }
    return position;
}

export function yOf(rows, position) {
    return position === 0 ? TOP - 12 : rows[Math.min(position, rows.length) - 1].y2;
}
