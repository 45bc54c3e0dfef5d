// Changes worth trying: what an attacker would want, and where it stands in this very handshake.
import { dataRecords, findField, leavesOf } from './model.js';
import { TYPE } from './transcript.js';

const TRIALS = [
    { name: 'Push the version down', type: TYPE.client_hello, from: 'client', find: versionAt, mask: 7 },
    { name: 'Swap the client’s key share', type: TYPE.client_hello, from: 'client', find: within('key_share', 'key_exchange'), mask: 1 },
    { name: 'Swap the server’s key share', type: TYPE.server_hello, from: 'server', find: within('key_share', 'key_exchange'), mask: 1 },
    { name: 'Forge the binder', type: TYPE.client_hello, from: 'client', find: named('binder'), mask: 1 },
    { name: 'Swap the server’s share', type: TYPE.server_key_exchange, from: 'server', find: named('public', 'dh_Ys'), mask: 1 },
    { name: 'Alter the certificate', type: TYPE.certificate, from: 'server', find: middleOf('cert_data'), mask: 1 },
    { name: 'Forge the signature', type: TYPE.certificate_verify, from: 'server', find: lastOf('signature'), mask: 1 },
    { name: 'Forge the signature', type: TYPE.server_key_exchange, from: 'server', find: lastOf('signature'), mask: 1 },
    { name: 'Forge the server’s Finished', type: TYPE.finished, from: 'server', find: named('verify_data'), mask: 1 },
    { name: 'Forge the client’s Finished', type: TYPE.finished, from: 'client', find: named('verify_data'), mask: 1 },
];

// [{ name, message | record, at, mask }] of those that this handshake has a place for.
export function attacksOn(model) {
    const found = [];
    for (const trial of TRIALS) {
        const message = model.messages.find((candidate) => candidate.type === trial.type && candidate.from === trial.from);
        const at = message ? trial.find(message) : null;
        if (at !== null) {
            found.push({ name: trial.name, message: message.index, at, mask: trial.mask });
        }
    }
    const early = dataRecords(model).find((record) => record.level === 'early') ?? dataRecords(model)[0];
    if (early) {
        found.push({ name: early.level === 'early' ? 'Change early data' : 'Change the data', record: early.index, at: 5 + 8, mask: 1 });
    }
    return found;
}

function named(...names) {
    return (message) => bytesOf(message, names)?.at ?? null;
}

function lastOf(name) {
    return (message) => {
        const field = bytesOf(message, [name]);
        return field ? field.at + field.len - 1 : null;
    };
}

function middleOf(name) {
    return (message) => {
        const field = bytesOf(message, [name]);
        return field ? field.at + (field.len >> 1) : null;
    };
}

function within(extension, name) {
    return (message) => {
        const outer = findField(message.fields, extension);
        const shares = outer ? leavesOf([outer]).filter((field) => field.name === name && field.kind === 'bytes') : [];
        return shares.length > 0 ? shares.at(-1).at + (shares.at(-1).len >> 1) : null;
    };
}

// 0x0304 in supported_versions: with 7 it becomes 0x0303.
function versionAt(message) {
    const list = findField(message.fields, 'supported_versions');
    const field = list ? leavesOf([list]).find((leaf) => leaf.kind === 'code' && leaf.value === 0x0304) : null;
    return field ? field.at + 1 : null;
}

function bytesOf(message, names) {
    return leavesOf(message.fields).find((field) => names.includes(field.name) && field.kind === 'bytes') ?? null;
}
