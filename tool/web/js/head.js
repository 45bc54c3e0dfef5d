// What this handshake was, in one line and a row of facts.
import { isAbbreviated } from './abbreviated12.js';
import { bytesText, el, fill, timeText } from './dom.js';
import { countProofs } from './proofs.js';
import { errorBox } from './message.js';
import { pskKind } from './model.js';
import { NS } from './clock.js';
import { TYPE } from './transcript.js';

export function headView(model, embedded, keysReady, proofsReady) {
    const checked = el('span', { class: 'chip', id: 'checked', text: model.secrets ? 'computing secrets …' : 'without secrets' });
    keysReady.then((results) => {
        if (results === null) {
            checked.textContent = 'no secrets came about';
        } else if (model.secrets) {
            const list = [...results.values()];
            const bad = list.filter((result) => result.status === 'differs' || result.transcript === 'differs').length;
            const good = list.filter((result) => result.status === 'equal').length;
            checked.textContent = bad > 0 ? `${bad} secrets differ` : `${good} secrets recomputed, equal`;
            checked.classList.add(bad > 0 ? 'bad' : 'good');
        }
    });
    const proven = el('li', {});
    proofsReady.then((proofs) => {
        const count = countProofs(proofs);
        if (count.holds + count.fails > 0) {
            fill(proven, el('span', { class: `chip ${count.fails > 0 ? 'bad' : 'good'}`, id: 'proven',
                                      text: count.fails > 0 ? `${count.fails} proofs do not hold` : `${count.holds} signatures, MACs and tags checked, all hold` }));
        }
    });
    return el('div', { class: 'hero' },
              embedded.lab ? el('p', { class: 'banner lab', role: 'note', text: 'Laboratory: this page shows the secrets of its connection. Whoever reads it can read and forge all that the connection carries.' }) : null,
              !embedded.lab && model.secrets ? el('p', { class: 'banner lab', role: 'note', text: 'This recording holds the secrets of its connection: give it only to those who may read all that it carried.' }) : null,
              embedded.kind === 'connection' ? el('p', { class: 'eyebrow', text: 'The very connection that brought you this page' }) :
                  el('p', { class: 'eyebrow', text: sourceText(model) }),
              el('h1', { text: headingOf(model) }),
              el('p', { class: `outcome ${model.end.kind}`, text: model.end.text }),
              model.document.errors.map(errorBox),
              model.document.left_out?.length ? el('p', { class: 'banner', text: `Left out: ${model.document.left_out.join(' ')}` }) : null,
              el('ul', { class: 'chips', 'aria-label': 'What was agreed' }, factsOf(model).map((text) => el('li', { class: 'chip', text })),
                 el('li', {}, checked), proven));
}

// A sentence about the handshake; the recording's own title is in the list of recordings.
export function headingOf(model) {
    const s = model.summary;
    const whom = s.server_name ?? model.document.ends?.server?.address ?? null;
    const known = knownText(model);
    const what = model.end.kind === 'failed' ? 'A handshake that failed' : known ? `${s.version_name ?? 'TLS'}, ${known}`
        : s.version_name ?? 'A handshake';
    return whom ? `${what}, with ${whom}` : what;
}

// What the two ends know of each other from before; null: nothing.
function knownText(model) {
    if (isAbbreviated(model)) {
        return 'resumed';
    }
    return !model.summary.psk ? null : { external: 'with a shared key', session: 'resumed' }[pskKind(model)] ?? 'resumed or with a shared key';
}

function sourceText(model) {
    const d = model.document;
    const watched = ['client', 'server'].filter((end) => d.ends?.[end]?.observed);
    const who = watched.length === 2 ? 'seen from both ends' : watched.length === 1 ? `seen by the ${watched[0]}` : 'seen on the path';
    const when = d.started_unix_ms ? `, ${new Date(d.started_unix_ms).toISOString().replace('T', ' ').slice(0, 19)} UTC` : '';
    return `${model.title} · recorded by ${d.maker} (${d.source}), ${who}${when}`;
}

// Complete, and no key exchange besides what one long-lived secret gives: RSA key transport, a resumed TLS 1.2, psk_ke.
function lacksForwardSecrecy(model) {
    return model.summary.group === null && model.end.kind !== 'failed' && model.messages.some((message) => message.type === TYPE.finished);
}

// What was agreed, and what it cost, a few words each.
export function factsOf(model) {
    const s = model.summary;
    const sent = s.bytes.client + s.bytes.server;
    return [
        s.version_name, s.cipher_suite_name, s.group_name, s.signature_scheme_name,
        s.server_name && `name ${s.server_name}`, s.alpn && `ALPN ${s.alpn}`, knownText(model),
        lacksForwardSecrecy(model) && 'no forward secrecy',
        s.early_data && 'early data', s.retried && 'retried', s.client_certificate && 'client certificate',
        `${s.round_trips} round trip${s.round_trips === 1 ? '' : 's'}`,
        s.handshake_ns === null ? null : timeText(s.handshake_ns / NS), sent > 0 ? bytesText(sent) : null,
    ].filter(Boolean);
}
