/* Names of alerts and what a peer that sends one most likely means. */
#include <handfast/err.h>

struct alert_row {
    hf_alert alert;
    const char *name;
    const char *cause;
    const char *fix;
};

#define ROW(name) HF_ALERT_##name, #name

static const struct alert_row rows[] = {
    {ROW(close_notify), "It has nothing more to send.", "Nothing: this is the proper end."},
    {ROW(unexpected_message),
     "It saw a message that it did not expect: one end breaks the protocol.",
     "Report it with a capture to the maker of either end."},
    {ROW(bad_record_mac),
     "It could not decrypt a record: bytes were changed on the way or the keys differ.",
     "Suspect the path first, then compare both ends' key logs."},
    {ROW(record_overflow), "It got a record longer than it allows.", "Lower the record size."},
    {ROW(handshake_failure),
     "It found no acceptable set of parameters: suites, groups or signature algorithms do not "
     "meet.",
     "Widen what this end offers, or look at the peer's configuration."},
    {ROW(bad_certificate), "It could not accept our certificate: damaged, or for another name.",
     "Check the certificate that this end shows."},
    {ROW(unsupported_certificate), "Our certificate is of a kind that it does not support.",
     "Use a certificate with an ECDSA P-256 or RSA key and the right key usage."},
    {ROW(certificate_revoked), "Our certificate has been revoked.", "Replace the certificate."},
    {ROW(certificate_expired), "Our certificate has expired or is not valid yet by its clock.",
     "Renew the certificate; compare the clocks."},
    {ROW(certificate_unknown), "It rejected our certificate without saying why.",
     "Look at the peer's log."},
    {ROW(illegal_parameter), "It saw a value that it holds to be against the rules.",
     "Report it with a capture to the maker of either end."},
    {ROW(unknown_ca),
     "It does not trust the authority behind our certificate, or an intermediate is missing.",
     "Make this end send its whole chain; make the peer trust the authority."},
    {ROW(access_denied), "It understood us and refuses by its own rules.",
     "Ask the peer's administrator."},
    {ROW(decode_error), "It could not parse a message.",
     "Report it with a capture to the maker of either end."},
    {ROW(decrypt_error), "A signature, a Finished or a binder that we sent did not verify.",
     "Compare key and certificate, or the pre-shared key, on both ends."},
    {ROW(protocol_version), "It supports no protocol version that we offered.",
     "Allow another version on one end."},
    {ROW(insufficient_security), "It wants stronger parameters than we offered.",
     "Offer stronger ones."},
    {ROW(internal_error), "It failed for a reason of its own.", "Look at the peer's log."},
    {ROW(inappropriate_fallback),
     "It saw that we came back with a lower version than it supports: a downgrade.",
     "Connect again with all versions."},
    {ROW(user_canceled), "Its user or program gave up.", "Try again."},
    {ROW(no_renegotiation), "It does not renegotiate (TLS 1.2).", "Do not renegotiate."},
    {ROW(missing_extension),
     "It misses an extension that it needs, often supported_groups or server_name.",
     "Send the extension: give this end a server name."},
    {ROW(unsupported_extension), "It got an extension that it did not ask for.",
     "Report it to the maker of either end."},
    {ROW(unrecognized_name), "It has nothing for the server name that we sent.",
     "Check the name; the server may need a certificate for it."},
    {ROW(bad_certificate_status_response), "Our stapled OCSP response is not acceptable.",
     "Refresh the staple."},
    {ROW(unknown_psk_identity), "It does not know our pre-shared key's identity.",
     "Configure it on both ends."},
    {ROW(certificate_required), "It wants a client certificate and we showed none.",
     "Give this end a certificate and key."},
    {ROW(general_error), "It failed and does not say more.", "Look at the peer's log."},
    {ROW(no_application_protocol),
     "It speaks none of the application protocols (ALPN) that we offered.",
     "Offer a protocol that it speaks."},
    {ROW(ech_required), "It expected Encrypted Client Hello to succeed.",
     "Fetch its current ECH configuration."},
};

static const struct alert_row *find(unsigned alert)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((unsigned)rows[i].alert == alert) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *hf_alert_name(unsigned alert)
{
    const struct alert_row *r = find(alert);
    return r == NULL ? NULL : r->name;
}

const char *hf_alert_cause(unsigned alert)
{
    const struct alert_row *r = find(alert);
    return r == NULL ? "An alert that no specification names." : r->cause;
}

const char *hf_alert_fix(unsigned alert)
{
    const struct alert_row *r = find(alert);
    return r == NULL ? "Look at the peer's log." : r->fix;
}
