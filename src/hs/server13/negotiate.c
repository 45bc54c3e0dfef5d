/* The server's choices: suite, group, pre-shared key, identity (RFC 9846, 4.2.1). This end's
 * preference rules. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "hs/op.h"
#include "hs/server13/server13.h"
#include "wire/iana.h"

enum { NAMES_MAX = 160 };

/* Adds the name of one value to a list for an error: "a, b, c", n bytes so far. Returns its
 * length. */
static size_t name_add(char *out, size_t n, uint16_t v, const char *(*name)(uint16_t))
{
    const char *text = name(v);
    size_t len = strlen(text);
    if (iana_is_grease(v) || n + len + 6 > 72) {
        return n;
    }
    memcpy(out + n, n == 0 ? "" : ", ", n == 0 ? 0 : 2);
    n += n == 0 ? 0 : 2;
    memcpy(out + n, text, len + 1);
    return n + len;
}

static hf_status no_common(struct hs *hs, hf_err code, hf_span theirs,
                           const struct config_list *ours, const char *(*name)(uint16_t))
{
    char offered[NAMES_MAX] = "";
    char allowed[NAMES_MAX] = "";
    for (size_t i = 0, n = 0; i < theirs.len / 2; i++) {
        n = name_add(offered, n, list16_at(theirs, i), name);
    }
    for (size_t i = 0, n = 0; i < ours->count; i++) {
        n = name_add(allowed, n, ours->v[i], name);
    }
    return err_raise(hs->error, code, "the client offers %s; this server allows %s", offered,
                     allowed);
}

/* --- Cipher suite ----------------------------------------------------------------------------- */

/* First of ours that the client offers; with a pre-shared key in sight, one of its hash. */
static bool pick_suite(struct hs *hs, const hf_hash *hash, struct suite *out)
{
    const struct config_list *ours = &hs->config->ciphers;
    for (size_t i = 0; i < ours->count; i++) {
        struct suite s;
        if (!suite_find(hs->config->provider, ours->v[i], &s)) {
            continue;
        }
        bool is_offered = list16_has(hs->s.offer.hello.cipher_suites, s.id);
        bool is_fit = hash == NULL || s.hash == hash;
        TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_CIPHER_SUITE, .value = s.id,
              .name = iana_suite_name(s.id), .accepted = is_offered && is_fit,
              .reason = !is_offered ? "the client does not offer it"
                        : !is_fit   ? "its hash is not that of the pre-shared key"
                                    : "first of ours that the client offers");
        if (is_offered && is_fit) {
            *out = s;
            return true;
        }
    }
    return false;
}

/* RFC 9846, 4.2.4: the suite of the HelloRetryRequest stays. */
static hf_status keep_suite(struct hs *hs)
{
    if (!list16_has(hs->s.offer.hello.cipher_suites, hs->result->suite.id)) {
        return err_raise(hs->error, HF_E_HELLO_CHANGED,
                         "the suite of the HelloRetryRequest is gone");
    }
    if (hs->s.psk.hash != hs->result->suite.hash) {
        hs->s.psk.hash = NULL;
    }
    return HF_OK;
}

/* Early data goes with the suite of its session only, so that is the one to choose. */
static bool keep_suite_of_session(struct hs *hs, struct suite *out)
{
    const uint16_t id = hs->s.is_session ? hs->s.session->cipher_suite : 0;
    return hs->s.is_session && config_list_has(&hs->config->ciphers, id) &&
           list16_has(hs->s.offer.hello.cipher_suites, id) &&
           suite_find(hs->config->provider, id, out);
}

static hf_status choose_suite(struct hs *hs)
{
    struct suite chosen;
    const hf_hash *hash = hs->s.psk.hash;
    bool found =
        keep_suite_of_session(hs, &chosen) || (hash != NULL && pick_suite(hs, hash, &chosen));
    if (!found) {
        /* RFC 9846, 4.3.11: without a suite for it the key is left aside. */
        hs->s.psk.hash = NULL;
        found = pick_suite(hs, NULL, &chosen);
    }
    if (!found) {
        return no_common(hs, HF_E_NO_COMMON_SUITE, hs->s.offer.hello.cipher_suites,
                         &hs->config->ciphers, iana_suite_name);
    }
    hs->result->suite = chosen;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CIPHER_SUITE, .value = chosen.id,
          .name = iana_suite_name(chosen.id),
          .reason = hs->s.is_session && chosen.id == hs->s.session->cipher_suite
                        ? "the suite of the session"
                        : "this server's preference");
    return HF_OK;
}

/* --- Group ------------------------------------------------------------------------------------ */

/* Our first group that the client supports, and our first that it sent a share for. */
static void weigh_groups(const struct hs *hs, const struct tracer *tr, const hf_group **best,
                         const hf_group **shared)
{
    const struct hs_offer *offer = &hs->s.offer;
    *best = *shared = NULL;
    for (size_t i = 0; i < hs->config->groups.count; i++) {
        uint16_t id = hs->config->groups.v[i];
        bool is_supported = list16_has(offer->groups, id);
        bool has_share = is_supported && ext_key_share_find(offer->shares, id).len > 0;
        TRACE(tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_GROUP, .value = id,
              .name = iana_group_name(id), .accepted = has_share,
              .reason = !is_supported ? "the client does not offer it"
                        : has_share   ? "the client sent a share"
                                      : "the client offers it without a share");
        if (is_supported && *best == NULL) {
            *best = hf_provider_group(hs->config->provider, id);
        }
        if (has_share && *shared == NULL) {
            *shared = hf_provider_group(hs->config->provider, id);
        }
    }
}

/* A share at hand saves a round trip, so it wins over a group that we like better; but not when
 * only the better one withstands a quantum computer. */
static bool is_worth_a_retry(const hf_group *best, const hf_group *shared)
{
    return shared == NULL || (best->post_quantum && !shared->post_quantum);
}

static bool must_prove_address(const struct hs *hs)
{
    return hs->config->stateless_retry && hs->config->always_retry && !hs->result->retried;
}

bool server13_will_retry(const struct hs *hs)
{
    static const struct tracer silent = {.wanted = 0};
    const hf_group *best;
    const hf_group *shared;
    weigh_groups(hs, &silent, &best, &shared);
    return !hs->result->retried && (must_prove_address(hs) || (!hs->s.is_psk_ke && best != NULL &&
                                                               is_worth_a_retry(best, shared)));
}

static hf_status choose_group(struct hs *hs)
{
    const hf_group *best;
    const hf_group *shared;
    weigh_groups(hs, hs->tr, &best, &shared);
    if (best == NULL) {
        return no_common(hs, HF_E_NO_COMMON_GROUP, hs->s.offer.groups, &hs->config->groups,
                         iana_group_name);
    }
    hs->result->group = is_worth_a_retry(best, shared) ? best : shared;
    hs->s.share = ext_key_share_find(hs->s.offer.shares, hs->result->group->id);
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_GROUP,
          .value = hs->result->group->id, .name = hs->result->group->name,
          .reason = hs->s.share.len == 0 ? "no share yet: the client is asked for one"
                                         : "a share is at hand");
    return HF_OK;
}

/* psk_ke: the key is all that there is. */
static void choose_no_group(struct hs *hs)
{
    hs->result->group = NULL;
    hs->s.share = span_of(NULL, 0);
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_GROUP, .value = 0, .name = "none",
          .reason = "psk_ke comes first of the common modes: there is no forward secrecy");
}

/* After a retry exactly one share of the group asked for may stand there (RFC 9846, 4.2.2). */
static hf_status judge_retried_group(struct hs *hs)
{
    struct rd r = rd_of(hs->s.offer.shares);
    uint16_t id = rd_u16(&r);
    hf_span share = rd_vec16(&r, 1, 0xffff);
    if (hs->result->group == NULL) {
        /* A retry for the cookie alone: the shares stay as they were. */
        return choose_group(hs);
    }
    if (!rd_done(&r) || id != hs->result->group->id) {
        return err_raise(hs->error, HF_E_KEY_SHARE_WRONG_GROUP, "%s was asked for",
                         hs->result->group->name);
    }
    hs->s.share = share;
    return HF_OK;
}

static bool list8_has(hf_span list, uint8_t v)
{
    return list.len > 0 && memchr(list.data, v, list.len) != NULL;
}

/* Our first mode that the client allows. A client that was asked for a share of a group gets a key
 * exchange for it. */
static void choose_mode(struct hs *hs)
{
    const struct config_list *ours = &hs->config->psk_modes;
    const bool was_asked_for_share = hs->result->retried && hs->result->group != NULL;
    hs->s.takes_tickets = hs->s.is_psk_ke = false;
    for (size_t i = 0; i < ours->count && !hs->s.takes_tickets; i++) {
        const bool is_psk_ke = ours->v[i] == IANA_PSK_MODE_psk_ke;
        if (list8_has(hs->s.offer.psk_modes, (uint8_t)ours->v[i]) &&
            !(is_psk_ke && was_asked_for_share)) {
            hs->s.takes_tickets = true;
            hs->s.is_psk_ke = is_psk_ke;
        }
    }
}

static hf_status judge_groups(struct hs *hs)
{
    const struct ext_view *ext = &hs->s.offer.hello.ext;
    if (!ext_has(ext, EXT_supported_groups) || !ext_has(ext, EXT_key_share)) {
        return err_raise(hs->error, HF_E_MISSING_EXTENSION,
                         "supported_groups and key_share are needed");
    }
    return HF_OK;
}

/* RFC 9846, 9.2: what must be there. */
static hf_status judge_mandatory(struct hs *hs)
{
    const struct ext_view *ext = &hs->s.offer.hello.ext;
    if (!ext_has(ext, EXT_supported_groups) && hs->s.offer.has_psk && !hs->s.takes_tickets) {
        return err_raise(hs->error, HF_E_PSK_MODE, NULL); /* a legal hello, but not for us */
    }
    if (!(hs->s.offer.has_psk && hs->s.is_psk_ke)) {
        TRY(judge_groups(hs));
    }
    if (!ext_has(ext, EXT_signature_algorithms) && !ext_has(ext, EXT_pre_shared_key)) {
        return err_raise(hs->error, HF_E_MISSING_EXTENSION, "signature_algorithms");
    }
    return HF_OK;
}

hf_status server13_negotiate(struct hs *hs)
{
    choose_mode(hs);
    TRY(judge_mandatory(hs));
    struct hs_server *s = &hs->s;
    s->psk = (struct psk){.hash = NULL};
    s->psk_index = -1;
    s->psk_next = 0;
    s->tickets_tried = 0;
    s->is_session = false;
    s->is_single_use = false;
    if (s->offer.has_psk) {
        hs->result->resume_reason = s->takes_tickets ? HF_RESUME_NO_TICKET : HF_RESUME_MODE;
    }
    hs_go(hs, HS_S13_FIND_PSK);
    return HF_OK;
}

hf_status server13_choose_parameters(struct hs *hs)
{
    TRY(hs->result->retried ? keep_suite(hs) : choose_suite(hs));
    const bool is_exchanging = hs->s.psk.hash == NULL || !hs->s.is_psk_ke;
    if (!is_exchanging) {
        choose_no_group(hs);
    } else {
        TRY(judge_groups(hs));
        TRY(hs->result->retried ? judge_retried_group(hs) : choose_group(hs));
    }
    if (is_exchanging && hs->result->retried && hs->s.share.len == 0) {
        return err_raise(hs->error, HF_E_KEY_SHARE_WRONG_GROUP,
                         "no usable share after HelloRetryRequest");
    }
    if (!hs->result->retried) {
        transcript_start(&hs->transcript, hs->result->suite.hash);
    }
    const bool is_retry = (is_exchanging && hs->s.share.len == 0) || must_prove_address(hs);
    hs_go(hs, is_retry ? HS_S13_SEND_RETRY : HS_S13_CHOOSE_PSK);
    return HF_OK;
}

/* --- Identity --------------------------------------------------------------------------------- */

/* A list in host order, in the arena. */
static hf_status host_order(struct hs *hs, hf_span list, const uint16_t **out, size_t *count)
{
    uint16_t *v = hs_alloc(hs, list.len);
    if (v == NULL) {
        return hs_no_memory(hs);
    }
    for (size_t i = 0; i < list.len / 2; i++) {
        v[i] = list16_at(list, i);
    }
    *out = v;
    *count = list.len / 2;
    return HF_OK;
}

/* What the client trusts (RFC 9846, 4.3.4): a hint, of which the beginning will do. */
static hf_status fill_authorities(struct hs *hs)
{
    enum { AUTHORITIES_MAX = 64 };
    const struct ext_view *ext = &hs->s.offer.hello.ext;
    hf_span *names = NULL;
    size_t count = 0;
    if (ext_has(ext, EXT_certificate_authorities)) {
        TRY(ext_certificate_authorities_read(hs, ext->body[EXT_certificate_authorities],
                                             AUTHORITIES_MAX, &names, &count));
    }
    hs->op.u.choose_identity.authorities = names;
    hs->op.u.choose_identity.authority_count = count;
    return HF_OK;
}

hf_status server13_choose_identity(struct hs *hs)
{
    const struct hs_offer *offer = &hs->s.offer;
    if (!ext_has(&offer->hello.ext, EXT_signature_algorithms)) {
        return err_raise(hs->error, HF_E_MISSING_EXTENSION,
                         "signature_algorithms, as no pre-shared key is used");
    }
    if (hs->config->identities == NULL && offer->has_psk &&
        (hs->config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)) == 0) {
        return err_raise(hs->error, HF_E_PSK_UNKNOWN, "%s",
                         hf_resume_text((hf_resume_reason)hs->result->resume_reason));
    }
    hs->op.u.choose_identity.server_name = offer->server_name;
    TRY(ext_alpn_fill(hs));
    TRY(host_order(hs, offer->schemes, &hs->op.u.choose_identity.schemes,
                   &hs->op.u.choose_identity.scheme_count));
    TRY(host_order(hs, offer->cert_schemes, &hs->op.u.choose_identity.cert_schemes,
                   &hs->op.u.choose_identity.cert_scheme_count));
    TRY(fill_authorities(hs));
    hs->op.u.choose_identity.tls12 = false;
    hs->op.u.choose_identity.key_transport = false;
    hs->op.u.choose_identity.identity = NULL;
    hs->op.u.choose_identity.scheme = 0;
    hs->op.u.choose_identity.index = 0;
    return hs_ask(hs, HF_OP_CHOOSE_IDENTITY, HS_S13_CHOOSE_IDENTITY_WAIT);
}

hf_status server13_identity_chosen(struct hs *hs)
{
    TRY(hs_answer(hs));
    hs->identity = hs->op.u.choose_identity.identity;
    hs->scheme = hs->op.u.choose_identity.scheme;
    if (hs->identity != NULL && !op_identity_is_sound(&hs->op)) {
        hs->op.u.choose_identity.identity = NULL;
        return err_raise(hs->error, HF_E_API_MISUSE, "%s does not fit the chosen identity",
                         iana_scheme_name(hs->scheme));
    }
    hs->op.u.choose_identity.identity = NULL;
    if (hs->identity == NULL) {
        return err_raise(hs->error, HF_E_NO_CERTIFICATE, NULL);
    }
    hs->result->chosen_identity = (int)hs->op.u.choose_identity.index;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_IDENTITY,
          .value = hs->op.u.choose_identity.index,
          .name = hf_identity_name_count(hs->identity) > 0 ? hf_identity_name(hs->identity, 0) : "",
          .reason = "by server name and by what the client can verify");
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_SIGNATURE_SCHEME,
          .value = hs->scheme, .name = iana_scheme_name(hs->scheme),
          .reason = "fits the key and the client's list");
    hs_go(hs, HS_S13_ENCAP);
    return HF_OK;
}
