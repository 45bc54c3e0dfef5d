/* What the verbs of the program share: how they are called and how they end. */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

/* Exit codes, the same for all verbs; tool_exit_help is their description for --help. */
enum tool_exit {
    TOOL_OK = 0,
    TOOL_USAGE = 1,       /* the command line or a file that it names */
    TOOL_UNREACHABLE = 2, /* no connection: name, address, port, time */
    TOOL_REFUSED = 3,     /* this end refused the handshake */
    TOOL_PEER_REFUSED = 4,
    TOOL_CERTIFICATE = 5,  /* the peer's certificate was not believed */
    TOOL_BROKEN = 6,       /* the connection broke after the handshake */
    TOOL_HTTP = 7,         /* no HTTP answer, or one of 400 and above */
    TOOL_SYSTEM = 8,       /* this machine: memory, standard output */
    TOOL_DEMO = 9,         /* a mode of the demo is not what it claims */
    TOOL_NOT_RESUMED = 10, /* all else went well */
    TOOL_INTERRUPTED = 130,
    TOOL_TERMINATED = 143
};

extern const char tool_exit_help[];

/* The verbs. argv[0] is the verb itself. */
int connect_main(int argc, char **argv);
int serve_main(int argc, char **argv);
int demo_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int certs_main(int argc, char **argv);
int view_main(int argc, char **argv);
int seed_main(int argc, char **argv);

/* How the program was called ("build/handfast"): for advice that can be pasted. */
extern const char *tool_name;

#endif
