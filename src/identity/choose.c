/* Which identity to show, and how to sign with it (RFC 9846, 4.5.1.2).
 *
 * The names decide first: whoever is for the name asked for, exactly or by wildcard; where nobody
 * is, the whole store in its order, so that its first is the default. Among these the rank decides:
 * what the peer can certainly verify, then what it may perhaps. The time this takes is bounded by
 * the store and by the length of the peer's lists, not by their product: lists of schemes become
 * bits, and whether an issuer is among the peer's authorities is found out once for each group of
 * identities that share their issuers.
 */
#include "base/span.h"
#include "base/status.h"
#include "identity/identity_int.h"
#include "wire/iana.h"

enum {
    KIND_COUNT = HF_KEY_ED448 + 1,
    GROUPS_REMEMBERED = 256,
    OTHERS_TRACED = 16, /* identities for other names that a trace lists one by one */
    HOST_MAX = 253      /* as x5_name_is_host has it */
};

/* What speaks against an identity, the graver the larger. */
enum rank {
    RANK_BEST = 0,
    RANK_CHAIN = 1,        /* signed in a way that the peer does not list */
    RANK_AUTHORITY = 2,    /* no listed authority above it: a server may show it all the same */
    RANK_TRANSPORT = 4,    /* the key may only decrypt: no forward secrecy */
    RANK_LATE = 1 << 7,    /* for a trace: as good as the one that was taken before */
    RANK_UNUSABLE = 1 << 8 /* from here on: never */
};

enum blocked {
    BLOCKED_USAGE = 1,    /* key usage */
    BLOCKED_SCHEME = 2,   /* no common scheme for its key */
    BLOCKED_SHA1 = 4,     /* SHA-1 in the chain, which the peer does not list */
    BLOCKED_AUTHORITY = 8 /* a client shows only what the server's authorities issued */
};

struct chooser {
    const struct identity_set *set;
    const struct identity_want *want;
    const struct tracer *tr;
    char host_text[HOST_MAX];
    hf_span host;                    /* lower case, without a last dot; empty: none asked for */
    uint32_t listed;                 /* schemes that the peer accepts of us */
    uint16_t scheme_for[KIND_COUNT]; /* 0: none; valid where scheme_known has the kind's bit */
    unsigned scheme_known;
    uint32_t cert_bits; /* what the peer accepts in chains */
    uint64_t group_known[GROUPS_REMEMBERED / 64];
    uint64_t group_fits[GROUPS_REMEMBERED / 64];
    size_t best; /* valid if best_rank is below RANK_UNUSABLE */
    unsigned best_rank;
    const char *best_because;
    unsigned blocked;    /* what made identities unusable, of enum blocked */
    unsigned kinds_seen; /* of those that lack a scheme, one bit each */
};

static hf_status choose(struct chooser *c, hf_error *error);
static void prepare(struct chooser *c);
static void read_host(struct chooser *c);
static uint16_t scheme_for(struct chooser *c, hf_key_kind kind);
static size_t consider_named(struct chooser *c);
static void consider_entries(struct chooser *c, hf_span name, const char *because, size_t *count);
static void consider_all(struct chooser *c, const char *because);
static bool is_undecided(const struct chooser *c, size_t considered);
static void consider(struct chooser *c, size_t i, const char *because);
static unsigned weigh(struct chooser *c, size_t i, unsigned *blocked);
static bool leads_to_authority(struct chooser *c, size_t i);
static bool is_listed(const struct identity_want *want, hf_span issuer);
static hf_status refuse_name(const struct chooser *c, hf_error *error);
static hf_status refuse(const struct chooser *c, hf_error *error);
static void list_schemes(struct text *t, const uint16_t *schemes, size_t count);
static void trace_candidate(const struct chooser *c, size_t i, unsigned rank, unsigned blocked);
static void trace_others(const struct chooser *c, hf_span exact, hf_span wildcard);
static void trace_choice(struct chooser *c);
static void trace_schemes(const struct chooser *c, hf_key_kind kind, uint16_t chosen);
static bool has_name(const hf_identity *identity, hf_span name);
static const char *peer_of(const struct chooser *c);
static const char *kind_name(hf_key_kind kind);

hf_status identity_choose(const hf_identity_store *store, const struct identity_want *want,
                          const struct tracer *tr, hf_error *error, struct identity_choice *out)
{
    *out = (struct identity_choice){.identity = NULL};
    /* Reading counts readers in the handle; the store itself stays as it is. */
    struct rotate *current = &((hf_identity_store *)(uintptr_t)store)->current;
    struct identity_set *set = (struct identity_set *)rotate_read(current);
    struct chooser c = {.set = set, .want = want, .tr = tr, .best_rank = RANK_UNUSABLE};
    if (set == NULL || set->count == 0) {
        identity_set_release(set);
        return err_raise(error, HF_E_NO_CERTIFICATE, "the store is empty");
    }
    const hf_status status = choose(&c, error);
    if (status == HF_OK) {
        out->identity = hf_identity_ref(set->identities[c.best]);
        out->scheme = scheme_for(&c, set->traits[c.best].kind);
        out->index = c.best;
        trace_choice(&c);
    }
    identity_set_release(set);
    return status;
}

static hf_status choose(struct chooser *c, hf_error *error)
{
    prepare(c);
    if (c->want->server_name.len == 0) {
        consider_all(c, c->tr->role == HF_SERVER ? "the first that fits; the client sent no name"
                                                 : "the first that fits");
    } else if (consider_named(c) == 0) {
        if (c->want->strict_name) {
            return refuse_name(c, error);
        }
        consider_all(c, "the first that fits; no certificate is for the name");
    }
    return c->best_rank < RANK_UNUSABLE ? HF_OK : refuse(c, error);
}

/* Turns the peer's lists into what can be asked for each identity. */
static void prepare(struct chooser *c)
{
    const struct identity_want *want = c->want;
    c->listed = identity_scheme_bits(want->schemes, want->scheme_count);
    /* RFC 9846, 4.3.3: without signature_algorithms_cert the other list holds for chains too. */
    c->cert_bits = want->cert_scheme_count == 0
                       ? c->listed
                       : identity_scheme_bits(want->cert_schemes, want->cert_scheme_count);
    read_host(c);
}

/* The first scheme of our list that fits a kind of key and that the peer lists; 0: none. Found once
 * for each kind, and only for kinds that somebody has. */
static uint16_t scheme_for(struct chooser *c, hf_key_kind kind)
{
    const struct identity_want *want = c->want;
    if ((c->scheme_known >> kind & 1) != 0) {
        return c->scheme_for[kind];
    }
    c->scheme_known |= 1u << kind;
    for (size_t i = 0; i < want->allowed_count; i++) {
        const uint16_t scheme = want->allowed[i];
        if (hf_key_kind_fits(kind, scheme) && (identity_scheme_bit(scheme) & c->listed) != 0) {
            c->scheme_for[kind] = scheme;
            break;
        }
    }
    return c->scheme_for[kind];
}

static void read_host(struct chooser *c)
{
    hf_span name = c->want->server_name;
    if (name.len > 1 && name.data[name.len - 1] == '.') {
        name.len--;
    }
    if (!x5_name_is_host(name, false)) {
        name.len = 0; /* nothing matches; "*.example" would match itself */
    }
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t b = name.data[i];
        c->host_text[i] = (char)(b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
    }
    c->host = span_of(c->host_text, name.len);
}

/* Weighs all that are for the name; returns how many entries there are. */
static size_t consider_named(struct chooser *c)
{
    if (c->host.len == 0) {
        return 0;
    }
    size_t count = 0;
    consider_entries(c, c->host, "it is for exactly this name", &count);

    /* RFC 9525, 6.3: a wildcard stands for one whole left label. */
    uint8_t pattern[HOST_MAX + 1] = {'*'};
    const uint8_t *dot = memchr(c->host.data, '.', c->host.len);
    hf_span wildcard = {pattern, 0};
    if (dot != NULL) {
        const size_t rest = (size_t)(c->host.data + c->host.len - dot);
        memcpy(pattern + 1, dot, rest);
        wildcard.len = rest + 1;
        consider_entries(c, wildcard, "it is for this name by wildcard", &count);
    }
    if (count > 0 && TRACE_ON(c->tr, HF_EV_CANDIDATE)) {
        trace_others(c, c->host, wildcard);
    }
    return count;
}

static void consider_entries(struct chooser *c, hf_span name, const char *because, size_t *count)
{
    size_t found = 0;
    const struct identity_entry *entries = identity_set_find(c->set, name, &found);
    for (size_t i = 0; i < found && is_undecided(c, i); i++) {
        if (i == 0 || entries[i].index != entries[i - 1].index) {
            consider(c, entries[i].index, because);
        }
    }
    *count += found;
}

static void consider_all(struct chooser *c, const char *because)
{
    for (size_t i = 0; i < c->set->count && is_undecided(c, i); i++) {
        consider(c, i, because);
    }
}

/* Nothing is better than the first of the best rank; a trace still shows a few of those behind it.
 */
static bool is_undecided(const struct chooser *c, size_t considered)
{
    return c->best_rank != RANK_BEST ||
           (considered < OTHERS_TRACED && TRACE_ON(c->tr, HF_EV_CANDIDATE));
}

static void consider(struct chooser *c, size_t i, const char *because)
{
    unsigned blocked = 0;
    const unsigned rank = weigh(c, i, &blocked);
    const bool late = c->best_rank == RANK_BEST;
    if (rank < c->best_rank) {
        c->best = i;
        c->best_rank = rank;
        c->best_because = because;
    }
    c->blocked |= blocked;
    if ((blocked & BLOCKED_SCHEME) != 0) {
        c->kinds_seen |= 1u << c->set->traits[i].kind;
    }
    if (TRACE_ON(c->tr, HF_EV_CANDIDATE)) {
        trace_candidate(c, i, late && rank == RANK_BEST ? RANK_LATE : rank, blocked);
    }
}

static unsigned weigh(struct chooser *c, size_t i, unsigned *blocked)
{
    const struct identity_trait *trait = &c->set->traits[i];
    unsigned rank = RANK_BEST;
    const uint32_t unlisted = trait->chain_schemes & ~c->cert_bits;
    if (unlisted != 0) {
        rank += RANK_CHAIN;
    }
    const bool only_decrypts = !trait->may_sign && c->want->key_transport && trait->may_decrypt;
    rank += only_decrypts ? RANK_TRANSPORT : 0;
    if (!trait->may_sign && !only_decrypts) {
        *blocked |= BLOCKED_USAGE;
    } else if (scheme_for(c, trait->kind) == 0) {
        *blocked |= BLOCKED_SCHEME;
    } else if ((unlisted & SCHEME_BIT_SHA1) != 0) {
        *blocked |= BLOCKED_SHA1; /* RFC 9846, 4.5.1.2: not even as a last resort */
    } else if (c->want->authority_count > 0 && !leads_to_authority(c, i)) {
        /* RFC 9846, 4.3.4: the list guides. A client that does not heed it would only show who it
         * is to a server that cannot believe it; a server has nothing else to offer. */
        if (c->tr->role == HF_CLIENT) {
            *blocked |= BLOCKED_AUTHORITY;
        }
        rank += RANK_AUTHORITY;
    }
    return *blocked == 0 ? rank : RANK_UNUSABLE;
}

static bool leads_to_authority(struct chooser *c, size_t i)
{
    const uint32_t group = c->set->traits[i].group;
    const uint64_t bit = UINT64_C(1) << group % 64;
    if (group < GROUPS_REMEMBERED && (c->group_known[group / 64] & bit) != 0) {
        return (c->group_fits[group / 64] & bit) != 0;
    }
    const hf_identity *identity = c->set->identities[i];
    bool fits = false;
    for (size_t n = 0; n < identity->chain.count && !fits; n++) {
        hf_span issuer;
        hf_span subject;
        fits = x5_names(identity->chain.certificate[n], &issuer, &subject) &&
               is_listed(c->want, issuer);
    }
    if (group < GROUPS_REMEMBERED) {
        c->group_known[group / 64] |= bit;
        c->group_fits[group / 64] |= fits ? bit : 0;
    }
    return fits;
}

/* Names are compared as bytes: an authority's certificates carry its name as its own certificate
 * does (RFC 5280, 4.1.2.4). */
static bool is_listed(const struct identity_want *want, hf_span issuer)
{
    for (size_t i = 0; i < want->authority_count; i++) {
        if (span_eq(want->authorities[i], issuer)) {
            return true;
        }
    }
    return false;
}

static hf_status refuse_name(const struct chooser *c, hf_error *error)
{
    char sentence[180];
    struct text t;
    x5_text_init(&t, sentence, sizeof sentence);
    x5_text_add(&t, "asked for '");
    x5_text_bytes(&t, c->want->server_name);
    x5_text_add(&t, "'; this server has ");
    for (size_t i = 0; i < c->set->count && !t.cut; i++) {
        x5_text_add(&t, "%s%s", i == 0 ? "" : ", ", c->set->identities[i]->label);
    }
    return err_raise(error, HF_E_UNRECOGNIZED_NAME, "%s", sentence);
}

static hf_status refuse(const struct chooser *c, hf_error *error)
{
    if ((c->blocked & ~(unsigned)BLOCKED_AUTHORITY) == 0) {
        return err_raise(error, HF_E_NO_CERTIFICATE,
                         "none of %zu certificates leads to one of the %zu authorities that the %s "
                         "lists",
                         c->set->count, c->want->authority_count, peer_of(c));
    }
    char sentence[180];
    struct text t;
    x5_text_init(&t, sentence, sizeof sentence);
    if (c->kinds_seen != 0) {
        const char *separator = "the key is ";
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
            if ((c->kinds_seen >> kind & 1) != 0) {
                x5_text_add(&t, "%s%s", separator, kind_name((hf_key_kind)kind));
                separator = " or ";
            }
        }
        x5_text_add(&t, "; the %s lists ", peer_of(c));
        list_schemes(&t, c->want->schemes, c->want->scheme_count);
    } else if ((c->blocked & BLOCKED_SHA1) != 0) {
        x5_text_add(&t, "the chain is signed with SHA-1, which the %s does not list", peer_of(c));
    } else {
        x5_text_add(&t, "the key usage of the certificate lacks digitalSignature");
    }
    return err_raise(error, HF_E_NO_COMMON_SIGNATURE, "%s", sentence);
}

static void list_schemes(struct text *t, const uint16_t *schemes, size_t count)
{
    if (count == 0) {
        x5_text_add(t, "nothing");
    }
    for (size_t i = 0; i < count && !t->cut; i++) {
        if (!iana_is_grease(schemes[i])) {
            x5_text_add(t, "%s%s", i == 0 ? "" : ", ", iana_scheme_name(schemes[i]));
        }
    }
}

static void trace_candidate(const struct chooser *c, size_t i, unsigned rank, unsigned blocked)
{
    const hf_identity *identity = c->set->identities[i];
    char reason[160];
    struct text t;
    x5_text_init(&t, reason, sizeof reason);
    const char *peer = peer_of(c);
    if ((blocked & BLOCKED_USAGE) != 0) {
        x5_text_add(&t, "its key usage lacks digitalSignature");
    } else if ((blocked & BLOCKED_SCHEME) != 0) {
        x5_text_add(&t, "its key is %s, for which the %s lists no scheme that is allowed here",
                    kind_name(identity->kind), peer);
    } else if ((blocked & BLOCKED_SHA1) != 0) {
        x5_text_add(&t, "its chain is signed with SHA-1, which the %s does not list", peer);
    } else if ((rank & RANK_TRANSPORT) != 0) {
        x5_text_add(&t, "its key may only decrypt, which has no forward secrecy");
    } else if (rank == RANK_LATE) {
        x5_text_add(&t, "it fits as well, but comes later");
    } else if ((blocked & BLOCKED_AUTHORITY) != 0 || rank >= RANK_AUTHORITY) {
        x5_text_add(&t, "its issuer is not among the authorities that the %s lists", peer);
    } else if (rank == RANK_CHAIN) {
        x5_text_add(&t, "its chain is signed in a way that the %s does not list", peer);
    } else {
        x5_text_add(&t, "it fits");
    }
    if (rank > RANK_BEST && rank < RANK_LATE) {
        x5_text_add(&t, "; only if nothing better is there");
    }
    TRACE(c->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_IDENTITY, .value = (uint32_t)i,
          .name = identity->label, .accepted = rank == RANK_BEST, .reason = reason);
}

/* Those that were never weighed, because others are for the name. */
static void trace_others(const struct chooser *c, hf_span exact, hf_span wildcard)
{
    size_t shown = 0;
    for (size_t i = 0; i < c->set->count && shown < OTHERS_TRACED; i++) {
        const hf_identity *identity = c->set->identities[i];
        if (has_name(identity, exact) || has_name(identity, wildcard)) {
            continue;
        }
        shown++;
        TRACE(c->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_IDENTITY, .value = (uint32_t)i,
              .name = identity->label, .accepted = false, .reason = "not for this name");
    }
}

static void trace_choice(struct chooser *c)
{
    const hf_identity *identity = c->set->identities[c->best];
    TRACE(c->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_IDENTITY, .value = (uint32_t)c->best,
          .name = identity->label, .reason = c->best_because);
    const uint16_t scheme = scheme_for(c, identity->kind);
    if (TRACE_ON(c->tr, HF_EV_CANDIDATE)) {
        trace_schemes(c, identity->kind, scheme);
    }
    TRACE(c->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_SIGNATURE_SCHEME, .value = scheme,
          .name = iana_scheme_name(scheme),
          .reason = "the first of our list that fits the key and that the peer lists");
}

static void trace_schemes(const struct chooser *c, hf_key_kind kind, uint16_t chosen)
{
    const struct identity_want *want = c->want;
    bool past = false;
    for (size_t i = 0; i < want->allowed_count; i++) {
        const uint16_t scheme = want->allowed[i];
        const bool fits = hf_key_kind_fits(kind, scheme);
        const bool is_listed_here = (identity_scheme_bit(scheme) & c->listed) != 0;
        char reason[96];
        struct text t;
        x5_text_init(&t, reason, sizeof reason);
        if (!fits) {
            x5_text_add(&t, "it does not fit the key, which is %s", kind_name(kind));
        } else if (!is_listed_here) {
            x5_text_add(&t, "the %s does not list it", peer_of(c));
        } else {
            x5_text_add(&t, past ? "another is preferred here" : "it fits");
        }
        TRACE(c->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_SIGNATURE_SCHEME,
              .value = scheme, .name = iana_scheme_name(scheme),
              .accepted = scheme == chosen && !past, .reason = reason);
        past = past || scheme == chosen;
    }
}

static bool has_name(const hf_identity *identity, hf_span name)
{
    for (size_t i = 0; i < identity->dns_count; i++) {
        if (span_eq(span_str(identity->names[i]), name)) {
            return true;
        }
    }
    return false;
}

static const char *peer_of(const struct chooser *c)
{
    return c->tr->role == HF_SERVER ? "client" : "server";
}

static const char *kind_name(hf_key_kind kind)
{
    static const char *const names[KIND_COUNT] = {
        [HF_KEY_RSA] = "RSA",          [HF_KEY_RSA_PSS] = "RSA-PSS",  [HF_KEY_P256] = "ECDSA P-256",
        [HF_KEY_P384] = "ECDSA P-384", [HF_KEY_P521] = "ECDSA P-521", [HF_KEY_ED25519] = "Ed25519",
        [HF_KEY_ED448] = "Ed448",
    };
    return names[kind];
}
