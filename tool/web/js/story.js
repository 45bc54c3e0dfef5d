// What a message is for, told with the values of this handshake, and who knows what because of it: the client, the server,
// and whoever listens on the path.
import { isAbbreviated } from './abbreviated12.js';
import { findField, isSkipped, leavesOf, pskKind } from './model.js';
import { isRetry, TYPE } from './transcript.js';

// { text, client, path, server }: sentences, and what is new to each of the three; null for what has no story.
export function storyOf(model, entry) {
    if (entry.kind === 'message') {
        const tell = (model.version12 ? STORIES12 : STORIES)[entry.message.type] ?? null;
        return tell ? tell(factsOf(model, entry.message)) : null;
    }
    return entry.kind === 'data' ? data(model, entry) : entry.kind === 'ccs' ? changeCipherSpec(model, entry) : null;
}

function factsOf(model, message) {
    const { summary: s } = model;
    const earlier = model.messages.filter((one) => one.type === message.type && one.from === message.from && one.index < message.index);
    return {
        model, message, s, isSecond: earlier.length > 0, from: message.from, name: s.server_name,
        key: KEYS[pskKind(model)] ?? 'the shared key', resumes12: isAbbreviated(model),
        group: s.group_name ?? 'the group', suite: s.cipher_suite_name ?? 'a cipher suite', scheme: s.signature_scheme_name,
        has: (name) => findField(message.fields, name) !== null,
        texts: (name) => leavesOf(message.fields).filter((field) => field.name === name).map((field) => field.text ?? ''),
    };
}

const KEYS = { session: 'the key of the session', external: 'the external key' };

const real = (names) => names.filter((name) => name !== 'GREASE' && name !== '');
const list = (names) => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);
const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

const STORIES = {
    [TYPE.client_hello]: clientHello,
    [TYPE.server_hello]: (f) => (isRetry(f.message.bytes) ? retry(f) : serverHello(f)),
    [TYPE.encrypted_extensions]: (f) => ({
        text: 'The first words under encryption: what the server grants, and what nobody else has to know' +
            `${f.has('application_layer_protocol_negotiation') ? `, such as the protocol ${f.s.alpn}` : ''}.` +
            `${f.has('early_data') ? ' It takes the early data, too.' : ''}`,
        client: [f.s.psk ? `that the server holds ${f.key}: nobody else could encrypt this` : 'what the server grants'], path: ['that a record went by, and its size'], server: [],
    }),
    [TYPE.certificate_request]: () => ({
        text: 'The server wants to know the client as well, and says which signatures and authorities it would believe.',
        client: ['that it is to show a certificate'], path: [], server: [],
    }),
    [TYPE.certificate]: certificate,
    [TYPE.compressed_certificate]: certificate,
    [TYPE.certificate_verify]: (f) => ({
        text: `The ${f.from} signs a hash of all that was said so far with the private key of its certificate. The certificate is public and proves nothing by itself; ` +
            'this signature does, and it fits this one handshake only, as both key shares are under it.',
        ...byReader(f, [f.from === 'server' ? `that it speaks with ${f.name ?? 'the owner of the certificate'}, if it believes who issued that` : 'who the client is']),
        path: ['nothing: it cannot even see that there was a signature'],
    }),
    [TYPE.finished]: finished,
    [TYPE.end_of_early_data]: () => ({
        text: 'The last record under the early keys: what follows from the client is under those of this key exchange.',
        client: [], path: [], server: ['that the early data is complete: nothing was cut off'],
    }),
    [TYPE.new_session_ticket]: () => ({
        text: 'A ticket for next time. With it the client can come back without certificates, and prove by a shared key who it was.',
        client: ['a ticket, and a key that hangs on this session’s secrets'], path: ['nothing: the ticket is encrypted, and looks new every time'], server: ['nothing it must keep: what it needs is in the ticket'],
    }),
    [TYPE.key_update]: (f) => ({
        text: `The ${f.from} moves on to the next traffic secret, and forgets the old one: who steals today’s keys cannot read yesterday’s records.`,
        client: [], path: [], server: [],
    }),
};

function byReader(f, news) {
    return f.from === 'server' ? { client: news, server: [] } : { client: [], server: news };
}

function clientHello(f) {
    const shares = real(f.texts('group'));
    const suites = real(f.texts('CipherSuite')).length;
    const psk = f.has('pre_shared_key');
    const early = f.has('early_data');
    if (f.isSecond) {
        return { text: `Asked again, the client sends the same hello with a share of ${list(shares)}. The first hello stays a part of all that is signed later, so that nobody can make it disappear.`,
                 client: [], path: ['the second share'], server: ['a share that it can use'] };
    }
    const guess = shares.length > 0 ? `It guesses what the server will take, and sends ${count(shares.length, 'key share')} along (${list(shares)}): if the guess is good, one round trip is enough.`
        : 'It sends no key share, so that the server has to ask for one.';
    return {
        text: `The client begins. It offers ${count(suites, 'cipher suite')} and says ${f.name ? `that it wants ${f.name}` : 'no name of a server'}. ${guess}` +
            `${psk ? ' It names a key that both ends may have from before, and shows by a binder that it really holds it.' : ''}` +
            `${early ? ' And it does not wait: early data follows at once, under keys that hang on that key.' : ''}`,
        client: [count(shares.length, 'private key'), ...(psk ? [f.key] : [])],
        path: [f.name ? `the name ${f.name}` : 'no name', 'what this client can do: often enough to tell which program it is', 'its shares, but no private key'],
        server: ['the client’s shares', ...(psk ? [f.key === KEYS.session ? 'which session is meant: the ticket tells it' : 'which key is meant'] : [])],
    };
}

function retry(f) {
    return {
        text: `The guess was not good: the server asks for ${f.has('key_share') ? `a share of ${list(real([...f.texts('selected_group'), ...f.texts('group')]))}` : 'the same hello once more, with a cookie'}. This costs one more round trip.`,
        client: ['what the server would take'], path: ['the same'], server: ['nothing it has to keep in mind, if it sent a cookie'],
    };
}

function serverHello(f) {
    const psk = f.has('pre_shared_key');
    if (psk && !f.has('key_share')) {
        return { text: `The server takes ${f.suite} and the key that both ends have already, and nothing besides: no keys are exchanged. Whoever gets that key, even years later, can read this connection: there is no forward secrecy.`,
                 client: ['the handshake keys'], path: ['which key is meant, but not the key'], server: ['the handshake keys'] };
    }
    return {
        text: `The server takes ${f.suite} and ${f.group}, and answers with its own share. Each end now computes the same secret from its private key and the other’s share, ` +
            `${psk ? `mixes in ${f.key}, ` : ''}and everything from here on is encrypted.`,
        client: ['the shared secret', 'the handshake keys'], path: ['both shares and what was chosen: not enough to compute the secret'], server: ['the shared secret', 'the handshake keys'],
    };
}

function certificate(f) {
    const certificates = leavesOf(f.message.fields).filter((field) => field.name === 'cert_data' && field.kind === 'bytes').length;
    const isClear = f.model.version12;
    if (f.message.type === TYPE.certificate && certificates === 0) {
        return { text: `The ${f.from} has no certificate to show, and says so.`, ...byReader(f, ['that it gets none']), path: [] };
    }
    const what = f.message.type === TYPE.compressed_certificate ? 'compressed' : count(certificates, 'certificate');
    return {
        text: `The ${f.from} says who it claims to be (${what}). ${isClear ? 'In TLS 1.2 everybody on the path reads it.' : 'Nobody on the path sees it.'} Anybody could send a copy of it: the proof is still to come.`,
        ...byReader(f, ['a public key, and whose it is said to be']), path: [isClear ? `who the ${f.from} is` : 'nothing'],
    };
}

function finished(f) {
    const base = { text: `A MAC over everything said so far, under a key that only the two ends can have. Had anybody changed, left out or added one byte on the way, it would not fit.`, path: ['nothing'] };
    return f.from === 'server'
        ? { ...base, client: ['that nobody has touched the handshake', 'the application keys: it may send now'], server: ['the application keys'] }
        : { ...base, client: [], server: ['that the client has seen the same handshake, and is ready'] };
}

const STORIES12 = {
    [TYPE.client_hello]: (f) => ({
        text: `The client begins. It offers ${count(real(f.texts('CipherSuite')).length, 'cipher suite')} and says ${f.name ? `that it wants ${f.name}` : 'no name of a server'}.${f.resumes12 ? ' It names the session of an earlier connection.' : ''}`,
        client: [], path: [f.name ? `the name ${f.name}` : 'no name', 'what this client can do'], server: ['what it may choose from'],
    }),
    [TYPE.server_hello]: (f) => (f.resumes12 ? {
        text: `The server takes the session up again, with ${f.suite}. No certificate and no key exchange follows: new keys come out of the session’s master secret and both random values. ` +
            'Whoever gets that secret can read this connection too: there is no new forward secrecy.',
        client: ['the keys'], path: ['that a session is resumed'], server: ['the keys'],
    } : {
        text: `The server takes ${f.suite}. Unlike in TLS 1.3, no key is agreed yet: all that follows until Finished travels in the clear.`,
        client: ['what was chosen'], path: ['the same'], server: [],
    }),
    [TYPE.certificate]: certificate,
    [TYPE.certificate_status]: () => ({ text: 'A statement of the authority that the certificate is still good, brought along by the server.', client: ['that it was not revoked'], path: ['the same'], server: [] }),
    [TYPE.server_key_exchange]: (f) => ({
        text: `The server’s share of ${f.group}, signed with the certificate’s key together with both random values. The signature ties it to this connection, but not to the choices before it: those only Finished protects.`,
        client: [`that the share comes from ${f.name ?? 'the owner of the certificate'}`], path: ['the server’s share'], server: ['its private key'],
    }),
    [TYPE.certificate_request]: () => ({ text: 'The server wants to know the client as well.', client: ['that it is to show a certificate'], path: ['the same'], server: [] }),
    [TYPE.server_hello_done]: () => ({ text: 'The server has said all that it has to say, and waits: this is where TLS 1.2 spends its extra round trip.', client: [], path: [], server: [] }),
    [TYPE.client_key_exchange]: (f) => (f.s.group === null
        ? { text: 'The client makes up a secret and encrypts it to the server’s RSA key. Whoever gets that key, even years later, can read this connection: there is no forward secrecy.',
            client: ['the keys'], path: ['the encrypted secret: it can be kept until the key is stolen'], server: ['the keys'] }
        : { text: `The client’s share of ${f.group}. Both ends now compute the same secret, and out of it all keys.`,
            client: ['the keys'], path: ['both shares: not enough'], server: ['the keys'] }),
    [TYPE.certificate_verify]: () => ({ text: 'The client signs all messages so far with the key of its certificate.', client: [], path: ['the signature'], server: ['who the client is'] }),
    [TYPE.new_session_ticket]: () => ({ text: 'A ticket for next time. It travels in the clear, so that whoever sees it again knows that it is the same client.', client: ['a ticket'], path: ['the same'], server: [] }),
    [TYPE.finished]: (f) => ({
        text: 'A hash over everything said so far, keyed with the master secret, and the first record under the new keys. Only now it shows whether anybody has touched the handshake.',
        ...byReader(f, ['that nobody has touched the handshake']), path: ['nothing'],
    }),
};

function changeCipherSpec(model, entry) {
    return model.version12
        ? { text: `From the next record on the ${entry.from} encrypts.`, client: [], path: ['that the handshake is nearly over'], server: [] }
        : { text: 'One byte without a meaning: it makes TLS 1.3 look like a resumed TLS 1.2 to boxes on the path that would break what they do not know.', client: [], path: [], server: [] };
}

function data(model, entry) {
    if (isSkipped(model, entry.record)) {
        const why = model.decisions.find((decision) => decision.about === 'early_data' && decision.end === 'server');
        return { text: `Data that came with the first flight. The server did not take it and skips it unread${why?.reason ? `: ${why.reason}` : '.'} ` +
                     'The client has to send it again when the handshake is over.',
                 client: [], path: ['its size'], server: ['nothing: it has not read it'] };
    }
    return entry.level === 'early'
        ? { text: 'Data before the server has said a word. It saves a round trip and costs a promise: who records it can send it again, and no key of this handshake protects it.',
            client: [], path: ['its size', 'bytes that it can play again, to another server of the same name perhaps'], server: ['data that it may only use if doing so twice does no harm'] }
        : { text: 'What all this was for: data that only the two ends can read, and that nobody can change or reorder unnoticed.', client: [], path: ['sizes and times'], server: [] };
}
