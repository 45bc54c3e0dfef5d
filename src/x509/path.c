/* The search for a path from the peer's leaf to an anchor (RFC 5280, 6.1; RFC 4158 for the search).
 *
 * A path grows from the leaf upwards, by certificates whose subject and key identifier fit: anchors
 * first, then what the peer sent, in its order. Reaching an anchor, it is held against all rules,
 * the cheap ones before the signatures. A rule that one certificate breaks by itself strikes it out
 * for good, and so does a wrong signature the step between two; what the leaf breaks ends the
 * search. So every path that is looked at differs in what matters, and what is left of the
 * exponential many is cut off by budgets: steps, signatures, comparisons of names.
 *
 * Invariants: path.step[i + 1] may have issued path.step[i]; no certificate and no key with its
 * name stands in a path twice; frame[i] belongs to path.step[i].
 */
#include "base/mem.h"
#include "base/span.h"
#include "x509/dn.h"
#include "x509/path_int.h"
#include "x509/revocation.h"
#include "x509/signature.h"

enum { SMALL = 5 /* certificates for which no memory is taken */ };

/* A certificate that the peer sent. */
struct node {
    struct x5_certificate c;
    struct x5_facts facts;
    hf_public_key *key; /* NULL: not made, or not one that may sign */
    bool is_copy;       /* of an earlier one, or of an anchor: never an issuer */
    hf_rule broken;     /* the rule that it breaks as an issuer, whatever the path */
};

/* How far the possible issuers of a certificate have been looked at. */
struct frame {
    uint32_t issuer_hash;
    int anchor;    /* x5_trust_next's */
    size_t sent;   /* the next one */
    bool anchored; /* all anchors have been tried */
    bool tried;    /* there was one that could be tried */
};

/* A signature that was checked. */
struct link {
    int child, issuer; /* sources */
    bool good;
};

/* How much a finding tells: what broke a path that reached an anchor interests most, unless the
 * step there was never true. */
enum rank { RANK_NONE, RANK_FORGED, RANK_DEAD_END, RANK_COMPLETE };

struct search {
    const struct x5_request *request;
    hf_verdict *verdict;
    struct node *nodes;
    size_t max_depth;
    struct x5_path path;
    struct frame frame[X5_PATH_MAX + 2];
    struct link links[X5_SIGNATURES_MAX];
    size_t link_count;
    uint32_t steps, comparisons; /* still allowed */
    uint32_t tried;
    uint32_t statuses; /* questions about revocation */
    /* How long what they said holds for the present path. */
    int64_t status_from_s, status_until_s;
    bool exhausted;
    bool ended; /* accepted, or the leaf itself is refused */
    bool accepted;
    enum rank rank;
    struct x5_path best;
    struct x5_finding finding;
};

static bool check_request(const struct x5_request *request, hf_verdict *verdict);
static bool read_chain(struct search *s);
static void find(struct search *s);
static void push(struct search *s, const struct x5_step *step);
static bool next_issuer(struct search *s, struct x5_step *out);
static bool next_anchor(struct search *s, const struct x5_step *top, struct frame *f,
                        struct x5_step *out);
static bool next_sent(struct search *s, const struct x5_step *top, struct frame *f,
                      struct x5_step *out);
static bool is_in_path(const struct x5_path *path, const struct x5_certificate *c);
static bool is_bad_link(const struct search *s, int child, int issuer);
static void judge(struct search *s);
static bool check_certificates(struct search *s, struct x5_finding *finding);
static bool check_signatures(struct search *s, struct x5_finding *finding);
static bool check_revocation(struct search *s, struct x5_finding *finding);
static void narrow(struct search *s);
static bool check_link(struct search *s, size_t at);
static const hf_public_key *key_of(struct search *s, const struct x5_step *issuer);
static void give_up(struct search *s);
static void prune(struct search *s, const struct x5_finding *finding);
static bool is_by_itself(hf_rule rule);
static void note(struct search *s, enum rank rank, const struct x5_finding *finding);
static void tell(const struct search *s, const struct x5_finding *finding);
static void conclude(struct search *s);

hf_status x5_verify_chain(const struct x5_request *request, hf_verdict *verdict)
{
    if (!check_request(request, verdict)) {
        return HF_OK;
    }
    struct node few[SMALL];
    struct search s = {.request = request,
                       .verdict = verdict,
                       .nodes = few,
                       .steps = X5_STEPS_MAX,
                       .comparisons = X5_COMPARISONS_MAX};
    if (request->count > SMALL) {
        s.nodes = mem_alloc(request->count * sizeof *s.nodes);
        if (s.nodes == NULL) {
            *verdict = (hf_verdict){.code = HF_E_NO_MEMORY, .depth = -1, .index = -1};
            return HF_FAILED;
        }
    }
    if (read_chain(&s)) {
        find(&s);
        conclude(&s);
        for (size_t i = 0; i < request->count; i++) {
            x5_key_free(s.nodes[i].key);
        }
    }
    if (s.nodes != few) {
        mem_free(s.nodes, request->count * sizeof *s.nodes);
    }
    return verdict->code == HF_E_NO_MEMORY ? HF_FAILED : HF_OK;
}

/* What can be said without reading a certificate. */
static bool check_request(const struct x5_request *request, hf_verdict *verdict)
{
    if (request->count == 0) {
        (void)x5_verdict_refuse(verdict, request, HF_RULE_EMPTY, -1);
        return false;
    }
    if (request->count > X5_SENT_MAX) {
        struct text t = x5_verdict_refuse(verdict, request, HF_RULE_TOO_LONG, -1);
        x5_text_add(&t, "the peer sent %zu certificates, more than %d are never looked at",
                    request->count, X5_SENT_MAX);
        return false;
    }
    if (request->name != NULL && !x5_rule_name_is_askable(request->name)) {
        struct text t = x5_verdict_refuse(verdict, request, HF_RULE_NAME_ASKED, -1);
        x5_text_add(&t, "'");
        x5_text_bytes(&t, span_str(request->name));
        x5_text_add(&t, "' is neither a host name nor an IP address");
        return false;
    }
    return true;
}

static bool read_chain(struct search *s)
{
    const struct x5_request *r = s->request;
    for (size_t i = 0; i < r->count; i++) {
        struct node *n = &s->nodes[i];
        if (!x5_certificate_read(r->chain[i], &n->c)) {
            struct text t = x5_verdict_refuse(s->verdict, r, HF_RULE_UNREADABLE, (int)i);
            x5_text_add(&t, "certificate %zu of %zu is not well-formed", i + 1, r->count);
            return false;
        }
        x5_facts_read(&n->c, &n->facts);
        n->broken = HF_RULE_NONE;
        n->key = NULL;
        n->is_copy = false;
        for (size_t k = 0; k < i && !n->is_copy; k++) {
            n->is_copy = span_eq(n->c.der, s->nodes[k].c.der);
        }
        int anchor;
        n->is_copy = n->is_copy || (i > 0 && x5_trust_has(r->trust, &n->c, &anchor));
    }
    const size_t depth = r->max_depth == 0 ? X5_DEPTH_DEFAULT : r->max_depth;
    s->max_depth = depth < X5_PATH_MAX ? depth : X5_PATH_MAX;
    return true;
}

/* Depth first, without recursion. */
static void find(struct search *s)
{
    int anchor;
    const bool is_anchor = x5_trust_has(s->request->trust, &s->nodes[0].c, &anchor);
    push(s, &(struct x5_step){&s->nodes[0].c, &s->nodes[0].facts, 0});
    s->path.anchored = is_anchor;
    if (is_anchor) {
        judge(s);
        s->path.anchored = false;
    }
    while (s->path.count > 0 && !s->ended && !s->exhausted) {
        struct x5_step issuer;
        if (!next_issuer(s, &issuer)) {
            give_up(s);
            continue;
        }
        if (s->steps-- == 0) {
            s->exhausted = true;
            return;
        }
        push(s, &issuer);
        if (issuer.source < 0) {
            s->path.anchored = true;
            judge(s);
            s->path.anchored = false;
        } else if (s->path.count > s->max_depth) {
            const struct x5_finding finding = {.rule = HF_RULE_TOO_LONG, .at = s->path.count - 1};
            note(s, RANK_COMPLETE, &finding);
            s->path.count--;
        }
    }
}

static void push(struct search *s, const struct x5_step *step)
{
    const size_t at = s->path.count++;
    s->path.step[at] = *step;
    s->frame[at] = (struct frame){.anchor = TRUST_NONE};
    if (step->source >= 0 && s->request->trust != NULL) {
        s->frame[at].issuer_hash = x5_dn_hash(step->c->issuer);
    }
}

/* The next certificate that may have issued the last one of the path. */
static bool next_issuer(struct search *s, struct x5_step *out)
{
    const struct x5_step *top = &s->path.step[s->path.count - 1];
    struct frame *f = &s->frame[s->path.count - 1];
    return next_anchor(s, top, f, out) || next_sent(s, top, f, out);
}

static bool next_anchor(struct search *s, const struct x5_step *top, struct frame *f,
                        struct x5_step *out)
{
    const hf_trust *trust = s->request->trust;
    const struct trust_anchor *a;
    while (!f->anchored &&
           (a = x5_trust_next(trust, top->c->issuer, f->issuer_hash, &f->anchor)) != NULL) {
        if (!x5_facts_fit(top->c, top->facts, &a->c, &a->facts) || span_eq(a->c.der, top->c->der)) {
            continue;
        }
        f->tried = true;
        if (!is_bad_link(s, top->source, -1 - f->anchor)) {
            *out = (struct x5_step){&a->c, &a->facts, -1 - f->anchor};
            return true;
        }
    }
    f->anchored = true;
    return false;
}

static bool next_sent(struct search *s, const struct x5_step *top, struct frame *f,
                      struct x5_step *out)
{
    while (f->sent < s->request->count) {
        const size_t i = f->sent++;
        const struct node *n = &s->nodes[i];
        if (n->is_copy || !x5_facts_fit(top->c, top->facts, &n->c, &n->facts) ||
            is_in_path(&s->path, &n->c)) {
            continue;
        }
        f->tried = true;
        if (n->broken == HF_RULE_NONE && !is_bad_link(s, top->source, (int)i)) {
            *out = (struct x5_step){&n->c, &n->facts, (int)i};
            return true;
        }
    }
    return false;
}

/* RFC 4158, 2.4.2: the same name with the same key leads in a circle. */
static bool is_in_path(const struct x5_path *path, const struct x5_certificate *c)
{
    for (size_t i = 0; i < path->count; i++) {
        const struct x5_certificate *other = path->step[i].c;
        if (span_eq(other->spki, c->spki) && x5_dn_equal(other->subject, c->subject)) {
            return true;
        }
    }
    return false;
}

static bool is_bad_link(const struct search *s, int child, int issuer)
{
    for (size_t i = 0; i < s->link_count; i++) {
        if (s->links[i].child == child && s->links[i].issuer == issuer) {
            return !s->links[i].good;
        }
    }
    return false;
}

/* Holds a path that has reached an anchor against the rules. */
static void judge(struct search *s)
{
    struct x5_finding finding = {.rule = HF_RULE_NONE};
    bool good = check_certificates(s, &finding);
    if (good) {
        x5_rule_path(s->request, &s->path, &s->comparisons, &finding);
        good = finding.rule == HF_RULE_NONE && check_signatures(s, &finding) &&
               check_revocation(s, &finding);
    }
    if (s->exhausted) {
        return;
    }
    if (good) {
        s->ended = true;
        s->accepted = true;
        x5_verdict_accept(s->verdict, s->request, &s->path);
        narrow(s);
        s->verdict->tried = s->tried + 1;
        tell(s, &finding);
        return;
    }
    if (finding.rule == HF_RULE_TOO_MUCH_WORK) {
        s->exhausted = true;
        return;
    }
    note(s, finding.rule == HF_RULE_BAD_SIGNATURE ? RANK_FORGED : RANK_COMPLETE, &finding);
    prune(s, &finding);
}

static bool check_certificates(struct search *s, struct x5_finding *finding)
{
    for (size_t i = 0; i < s->path.count; i++) {
        finding->rule = x5_rule_certificate(s->request, &s->path, i);
        finding->at = i;
        if (finding->rule != HF_RULE_NONE) {
            return false;
        }
    }
    return true;
}

/* From the anchor downwards: nothing that a stranger made is believed on the way. */
static bool check_signatures(struct search *s, struct x5_finding *finding)
{
    for (size_t i = s->path.count - 1; i > 0; i--) {
        if (!check_link(s, i - 1)) {
            finding->rule = HF_RULE_BAD_SIGNATURE;
            finding->at = i - 1;
            return false;
        }
    }
    return true;
}

/* What was said of revocation may hold shorter than the certificates. */
static void narrow(struct search *s)
{
    hf_verdict *v = s->verdict;
    v->from_s = s->status_from_s > v->from_s ? s->status_from_s : v->from_s;
    v->until_s = s->status_until_s < v->until_s ? s->status_until_s : v->until_s;
}

/* From the leaf upwards: it is asked for most. What its owner configured stands above that. */
static bool check_revocation(struct search *s, struct x5_finding *finding)
{
    s->status_from_s = INT64_MIN;
    s->status_until_s = INT64_MAX;
    for (size_t i = 0; i + 1 < s->path.count; i++) {
        if (s->statuses++ == X5_STATUSES_MAX) {
            s->exhausted = true;
            return false;
        }
        const struct x5_step *issuer = &s->path.step[i + 1];
        const struct x5_revocation_case what = {.request = s->request,
                                                .subject = &s->path.step[i],
                                                .issuer = issuer,
                                                .issuer_key = key_of(s, issuer),
                                                .is_leaf = i == 0};
        x5_check_revocation(&what, &finding->revocation);
        if (finding->revocation.rule != HF_RULE_NONE) {
            finding->rule = finding->revocation.rule;
            finding->at = i;
            finding->other = i + 1;
            return false;
        }
        const struct x5_revocation *r = &finding->revocation;
        s->status_from_s = r->from_s > s->status_from_s ? r->from_s : s->status_from_s;
        s->status_until_s = r->until_s < s->status_until_s ? r->until_s : s->status_until_s;
    }
    return true;
}

/* Whether the certificate at a position was signed by the one above it. */
static bool check_link(struct search *s, size_t at)
{
    const struct x5_step *child = &s->path.step[at];
    const struct x5_step *issuer = &s->path.step[at + 1];
    for (size_t i = 0; i < s->link_count; i++) {
        if (s->links[i].child == child->source && s->links[i].issuer == issuer->source) {
            return s->links[i].good;
        }
    }
    if (s->link_count == X5_SIGNATURES_MAX) {
        s->exhausted = true;
        return false;
    }
    const enum x5_signed is = x5_signature_check(child->c, key_of(s, issuer));
    s->links[s->link_count++] = (struct link){child->source, issuer->source, is == X5_SIGNED};
    return is == X5_SIGNED;
}

/* The key of an issuer: an anchor's is there already, the others' are made when first needed. */
static const hf_public_key *key_of(struct search *s, const struct x5_step *issuer)
{
    if (issuer->source < 0) {
        return s->request->trust->anchors[-1 - issuer->source].key;
    }
    struct node *n = &s->nodes[issuer->source];
    if (n->key == NULL) {
        n->key = x5_key_import(n->c.spki);
    }
    return n->key;
}

/* The last certificate of the path has no further issuer: back to the one below it. */
static void give_up(struct search *s)
{
    if (!s->frame[s->path.count - 1].tried) {
        const struct x5_finding finding = {.rule = x5_rule_dead_end(s->request, &s->path),
                                           .at = s->path.count - 1};
        note(s, RANK_DEAD_END, &finding);
    }
    s->path.count--;
}

/* Back to where another choice can help. */
static void prune(struct search *s, const struct x5_finding *finding)
{
    if (finding->rule == HF_RULE_BAD_SIGNATURE) {
        s->path.count = finding->at + 1; /* another issuer of that certificate */
        return;
    }
    const bool by_itself = is_by_itself(finding->rule);
    if (by_itself && finding->at == 0) {
        s->ended = true;
        return;
    }
    const int source = s->path.step[finding->at].source;
    if (by_itself && source >= 0) {
        s->nodes[source].broken = finding->rule;
        s->path.count = finding->at;
        return;
    }
    s->path.count = s->path.count > 1 ? s->path.count - 1 : 1;
}

/* Whether another path above the certificate would break the same rule. */
static bool is_by_itself(hf_rule rule)
{
    switch (rule) {
    case HF_RULE_PATH_LENGTH:
    case HF_RULE_NAME_CONSTRAINT:
    case HF_RULE_CONSTRAINT_UNKNOWN:
    case HF_RULE_POLICY:
    case HF_RULE_PIN:
    case HF_RULE_STAPLE_OTHER: /* another certificate of the issuer may have the right key */
    case HF_RULE_STAPLE_SIGNATURE:
    case HF_RULE_CRL_SIGNATURE:
    case HF_RULE_CRL_OUTDATED:
        return false;
    default:
        return true;
    }
}

/* Remembers the most telling finding, the first one among equals. */
static void note(struct search *s, enum rank rank, const struct x5_finding *finding)
{
    s->tried++;
    tell(s, finding);
    if (rank > s->rank) {
        s->rank = rank;
        s->finding = *finding;
        s->best.count = s->path.count;
        s->best.anchored = s->path.anchored;
        memcpy(s->best.step, s->path.step, s->path.count * sizeof s->path.step[0]);
    }
}

static void tell(const struct search *s, const struct x5_finding *finding)
{
    const struct x5_request *r = s->request;
    if (r->listen == NULL) {
        return;
    }
    hf_verdict verdict;
    if (finding->rule == HF_RULE_NONE) {
        x5_verdict_accept(&verdict, r, &s->path);
    } else {
        x5_verdict_explain(&verdict, r, &s->path, finding);
    }
    struct x5_told told = {.verdict = &verdict, .count = s->path.count};
    for (size_t i = 0; i < s->path.count; i++) {
        told.source[i] = s->path.step[i].source;
    }
    r->listen(r->listen_ctx, &told);
}

static void conclude(struct search *s)
{
    if (s->exhausted) {
        struct text t = x5_verdict_refuse(s->verdict, s->request, HF_RULE_TOO_MUCH_WORK, -1);
        x5_text_add(&t, "given up after %u paths, %zu signatures and %u comparisons of names",
                    (unsigned)s->tried, s->link_count,
                    (unsigned)(X5_COMPARISONS_MAX - s->comparisons));
        s->verdict->tried = s->tried;
    } else if (!s->accepted) {
        x5_verdict_explain(s->verdict, s->request, &s->best, &s->finding);
        s->verdict->tried = s->tried;
    }
}
