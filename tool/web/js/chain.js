// A certificate chain that was changed on the way.
import { equal } from './bytes.js';
import { isIssuer, readX509 } from './certificate.js';
import { Refusal } from './refusal.js';
import { verifyCertificate } from './signature.js';

// Alerts that a certificate which is no longer what its issuer signed may bring about: which rule is met first hangs on
// what was changed, and on what the receiver trusts.
export const CERTIFICATE_ALERTS = ['bad_certificate', 'unknown_ca', 'certificate_expired', 'unsupported_certificate', 'certificate_unknown',
                            'bad_certificate_status_response', 'decrypt_error', 'certificate_revoked'];

// Whether certificates that were changed are still what their issuers signed; before: as they were sent, staple: of an entry.
export async function judgeChain(entries, before, staple) {
    for (const [i, entry] of entries.entries()) {
        if (before[i] && equal(entry.data, before[i].data)) {
            if (!equal(staple(entry), staple(before[i]))) {
                throw new Refusal('CERTIFICATE_STATUS', 'the stapled response is not what the authority signed', CERTIFICATE_ALERTS);
            }
            continue;
        }
        const changed = readX509(entry.data);
        if (changed === null) {
            throw new Refusal('CERTIFICATE_SIGNATURE', `certificate ${i + 1} cannot be read`, CERTIFICATE_ALERTS);
        }
        const issuer = entries.slice(i + 1).map((other) => readX509(other.data)).find((other) => other && isIssuer(other, changed));
        const holds = issuer ? await verifyCertificate(changed, issuer.spki) : false;
        if (holds !== true) {
            throw new Refusal('CERTIFICATE_SIGNATURE', `certificate ${i + 1} is no longer what its issuer signed`, CERTIFICATE_ALERTS);
        }
    }
}
