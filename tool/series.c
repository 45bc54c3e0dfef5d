/* The sessions that pass from one connection to the next.
 *
 * Invariant: `pool` holds sessions that were not offered yet, oldest first. A session of TLS 1.3 is
 * offered once (RFC 9846, C.4); one of TLS 1.2 comes back when it was resumed and no other took its
 * place (RFC 5246, F.1.4). An hf_session_cache would drop sessions that are too old by itself; here
 * the connection gets them, so that the user is told why they were not used (EXPIRED).
 */
#include "series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "session_file.h"
#include "tool.h"

enum { POOL_MAX = 8 };

struct series {
    const struct call_settings *settings;
    struct call_plan plan;
    struct file_bytes early;
    hf_session *pool[POOL_MAX];
    size_t held;
    hf_session *kept; /* the one that was written */
    unsigned of;
};

static int prepare(struct series *s, struct trouble *trouble);
static void run_all(struct series *s, struct trouble *trouble);
static void on_over(void *ctx, struct call_turn *turn, hf_conn *conn, struct trouble *trouble);
static void keep(struct series *s, hf_session *session);
static hf_session *newest(struct series *s);
static void write_session(struct series *s, struct trouble *trouble);
static void judge(const struct series *s, struct trouble *trouble);

int series_run(const struct call_settings *settings, const struct address *to,
               const hf_config *config, struct keylog *keylog, struct trouble *trouble)
{
    struct series s = {.settings = settings, .of = (unsigned)settings->resume + 1};
    s.plan = (struct call_plan){.settings = settings,
                                .to = to,
                                .config = config,
                                .keylog = keylog,
                                .over = on_over,
                                .ctx = &s};
    s.plan.turns = calloc(s.of, sizeof *s.plan.turns);
    if (s.plan.turns == NULL) {
        (void)setup_no_memory(trouble);
    } else if (prepare(&s, trouble) == 0) {
        run_all(&s, trouble);
    } else {
        char verb[] = "connect", json[] = "--json";
        char *argv[] = {verb, json};
        (void)setup_failed(settings->json ? 2 : 1, argv, trouble, verb);
    }
    while (s.held > 0) {
        hf_session_free(s.pool[--s.held]);
    }
    hf_session_free(s.kept);
    file_free(&s.early);
    free(s.plan.turns);
    return trouble->exit_code;
}

bool series_resumes(const struct call_settings *settings)
{
    return settings->resume > 0 || settings->session_in != NULL || settings->session_out != NULL;
}

static int prepare(struct series *s, struct trouble *trouble)
{
    const struct call_settings *settings = s->settings;
    hf_session *session = NULL;
    bool shared = false;
    if (settings->early_data != NULL &&
        file_read("--early-data", settings->early_data, &s->early, trouble) != 0) {
        return trouble->exit_code;
    }
    if (settings->session_in == NULL) {
        return 0;
    }
    if (session_file_read(settings->session_in, &session, &shared, trouble) == 0) {
        keep(s, session);
    }
    if (shared && !settings->quiet && !settings->json) {
        (void)fprintf(
            stderr,
            "handfast: warning: --session-in: others can read this file, and whoever does can "
            "resume the session. chmod 600 helps the next one.\n");
    }
    return trouble->exit_code;
}

static void run_all(struct series *s, struct trouble *trouble)
{
    for (unsigned i = 0; i < s->of && trouble->exit_code == 0; i++) {
        struct call_turn *turn = &s->plan.turns[i];
        hf_session *session = newest(s);
        *turn = (struct call_turn){
            .number = i + 1,
            .of = s->of,
            .session = session,
            .session_due = i > 0 || s->settings->session_in != NULL,
        };
        if (turn->session_due) {
            turn->early = file_span(&s->early);
        }
        (void)call_run(&s->plan, turn, trouble);
        turn->session = NULL;
        hf_session_free(session);
    }
}

static void on_over(void *ctx, struct call_turn *turn, hf_conn *conn, struct trouble *trouble)
{
    struct series *s = ctx;
    hf_session *session = NULL;
    while ((session = hf_conn_take_session(conn)) != NULL) {
        turn->sessions++;
        keep(s, session);
    }
    hf_session_info told = {0};
    if (turn->session != NULL) {
        hf_session_describe(turn->session, &told);
    }
    if (told.version == HF_TLS12 && turn->info.resumed && turn->sessions == 0) {
        keep(s, hf_session_ref(turn->session));
    }
    if (turn->number < turn->of && trouble->exit_code == 0) {
        return;
    }
    if (s->settings->session_out != NULL && turn->connected) {
        write_session(s, trouble);
    }
    judge(s, trouble);
}

/* One more than there is room for takes the oldest one's place. */
static void keep(struct series *s, hf_session *session)
{
    if (s->held == POOL_MAX) {
        hf_session_free(s->pool[0]);
        s->held--;
        for (size_t i = 0; i < s->held; i++) {
            s->pool[i] = s->pool[i + 1];
        }
    }
    s->pool[s->held++] = session;
}

static hf_session *newest(struct series *s)
{
    return s->held == 0 ? NULL : s->pool[--s->held];
}

static void write_session(struct series *s, struct trouble *trouble)
{
    const char *path = s->settings->session_out;
    hf_session *session = newest(s);
    if (session == NULL) {
        /* One that came is not kept without the extension (RFC 7627, 5.3). */
        (void)trouble_set(trouble, TOOL_NOT_RESUMED,
                          "Let the server issue sessions, in TLS 1.2 with extended_master_secret; "
                          "some do so only after the first data.",
                          "--session-out %s: no session came that can be kept, and nothing was "
                          "written",
                          path);
        return;
    }
    struct trouble late = {0};
    if (session_file_write(path, session, &late) == 0) {
        s->kept = session;
        s->plan.kept = session;
        return;
    }
    hf_session_free(session);
    (void)trouble_set(trouble, late.exit_code, late.fix, "%s", late.sentence);
}

/* Whether what was asked of the sessions came about. */
static void judge(const struct series *s, struct trouble *trouble)
{
    unsigned due = 0, missed = 0;
    const struct call_turn *full = NULL, *lost = NULL;
    for (unsigned i = 0; i < s->of && s->plan.turns[i].connected; i++) {
        const struct call_turn *turn = &s->plan.turns[i];
        due += turn->session_due;
        if (turn->session_due && !turn->info.resumed) {
            missed++;
            full = full == NULL ? turn : full;
        }
        if (turn->early.len > 0 && !turn->info.early_data && turn->early_resent == 0 &&
            lost == NULL) {
            lost = turn;
        }
    }
    if (full != NULL) {
        const hf_resume_reason why = full->info.resume_reason;
        (void)trouble_set(trouble, TOOL_NOT_RESUMED, hf_resume_fix(why),
                          "%u of %u connections %s not resumed (%s): %s", missed, due,
                          missed == 1 ? "was" : "were", hf_resume_name(why), hf_resume_text(why));
    }
    if (lost != NULL) {
        (void)trouble_set(
            trouble, TOOL_NOT_RESUMED,
            "With --resend-early it is sent after the handshake when it was not taken before.",
            "early data was not taken (%s): %s", hf_resume_name(lost->early_reason),
            hf_resume_text(lost->early_reason));
    }
}
