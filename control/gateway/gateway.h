/* landfall-gateway as a whole. Internal to control/gateway; everything runs on the main thread's loop. */
#pragma once

#include "control/config/config.h"
#include "control/config/names.h"
#include "control/gateway/job.h"
#include "tools/lane/landfall_lane.h"

#include <sys/types.h>

#define LF_GATEWAY_SOCKET "gateway.sock" /* in its directory */
#define LF_CLIENTS_MAX    16

/* A message that can be screened again. */
struct lf_kept {
        uint8_t id[LF_VAULT_ID];
        uint64_t received, generation; /* seconds since 1970; the oldest that an answer came from */
        struct lf_versions versions;
};

struct lf_slot {
        struct lf_job *job; /* NULL: free */
        uint32_t probe;
};

/* A report that waits in work/ under `temporary` and belongs at `folder`/`name`. */
struct lf_output {
        char temporary[64];
        char folder[8];
        char name[LF_NAME_LENGTH + 48];
};
#define LF_OUTPUTS 2
struct lf_outputs {
        struct lf_output output[LF_OUTPUTS];
        unsigned n;
};

/* Of files in in/ that changed at a later time than now is: the clock was set back. */
struct lf_drop_ahead {
        uint64_t since_us; /* of a clock that is not set; 0: there is none */
        bool seen;         /* in this look at in/ */
};

struct lf_gateway {
        const struct lf_config *config;
        const struct lf_config_gateway *options;
        const struct lf_config_lane *rules; /* its lane's */
        uid_t caller[LF_CALLERS_MAX + 2];
        unsigned callers;
        int directory, in, work, done, failed; /* descriptors */
        struct lf_vault *vault;
        struct lf_lane *lane; /* NULL: no session yet */
        uint64_t next_open_ms;
        int open_error;
        struct lf_lane_query *query;
        struct lf_slot *slot;
        unsigned outstanding;
        double tokens; /* of the lane's rate */
        uint64_t tokens_us;
        uint64_t next_background_us; /* for messages that nobody waits for */
        struct lf_job *jobs;         /* in the order of their coming */
        int listener, watch;         /* the socket; inotify on in/ */
        _Alignas(8) char told[4096]; /* what it said */
        size_t told_at, told_size;
        struct lf_client *client[LF_CLIENTS_MAX];
        uint64_t next_scan_ms, next_second_ms;
        struct lf_kept *kept;
        size_t n_kept, kept_room;
        struct lf_versions versions; /* in the galleries now */
        bool versions_known;
        uint64_t seen_generation;
        struct lf_outputs *late; /* published, says the journal, but still in work/ */
        size_t lates;
        bool may_idle, idles; /* share.c */
        struct lf_drop_ahead ahead;
        uint64_t next_stuck_us; /* when the log says again what cannot be taken */
        bool stuck;             /* it said so in this look at in/ */
};

/* gateway.c */
uint64_t lf_gateway_now_us(void);
int lf_gateway_run(struct lf_gateway *g);
void lf_gateway_close(struct lf_gateway *g);
void lf_gateway_add(struct lf_gateway *g, struct lf_job *job);
/* NULL: not in the configuration. */
const struct lf_config_recipient *lf_gateway_recipient(const struct lf_gateway *g, const char *name);
/* Fills in job->agreements: those that permit its purpose before arrival, and what changed where it is a
 * rescreening. */
void lf_gateway_agreements(const struct lf_gateway *g, struct lf_job *job);
/* Adds the agreement of a dataset, once. */
void lf_gateway_add_agreement(const struct lf_gateway *g, struct lf_job *job, uint32_t dataset);
/* Whether a job of this message is under way: two would write one journal. */
bool lf_gateway_works_on(const struct lf_gateway *g, const uint8_t id[LF_VAULT_ID]);
/* A name with what does not belong in a log line replaced. */
const char *lf_printable(const char *name, char text[LF_NAME_LENGTH]);

/* drop.c: the directory. */
int lf_drop_open(struct lf_gateway *g);
/* Looks at in/, and at what an earlier process left. */
void lf_drop_scan(struct lf_gateway *g);
/* Whether one more message from in/ may be taken. */
bool lf_drop_has_room(const struct lf_gateway *g);
/* Whether the last bytes of a file end with an interchange's trailer (UNZ, IEA) and its terminator. */
bool lf_drop_ends_whole(const char *tail, size_t size);
/* How long a file that nobody said is closed has not changed: its writer may be at it; long enough if it ends
 * as messages do; too long for anyone who still writes it. */
enum lf_drop_age { LF_DROP_WRITTEN, LF_DROP_STILL, LF_DROP_LATE };
/* `still`: seconds since it changed, negative after the clock was set back: then it is late when there were
 * such files for as long. `now_us` of a clock that is not set. */
enum lf_drop_age lf_drop_age(int64_t still, uint64_t now_us, struct lf_drop_ahead *ahead);
/* A file of this name in in/ is whole, says the kernel. Taken at once if there is room. */
void lf_drop_arrived(struct lf_gateway *g, const char *name);
void lf_drop_resume(struct lf_gateway *g);
/* Writes a job's reports and puts them where they belong, once for all. Errno. */
int lf_drop_publish(struct lf_gateway *g, struct lf_job *job);
/* The same for a finished FILE job; afterwards the job is gone. */
void lf_drop_finish(struct lf_gateway *g, struct lf_job *job);
/* Seals a message that was answered at the socket, for rescreening. */
void lf_drop_keep(struct lf_gateway *g, struct lf_job *job);

/* journal.c: what a message's journal says. */
enum lf_entry { LF_ENTRY_BEGIN = 1, LF_ENTRY_OUTCOMES, LF_ENTRY_PUBLISH, LF_ENTRY_COVERED, LF_ENTRY_RULING };
struct lf_past {
        struct lf_job *job; /* takes the outcomes; NULL: they are passed over */
        bool began, published;
        struct lf_versions versions; /* covered */
        struct lf_output output[LF_OUTPUTS];
        unsigned outputs; /* of the last publication */
        unsigned publications;
};
int lf_journal_begin(struct lf_gateway *g, struct lf_job *job);
int lf_journal_outcomes(struct lf_gateway *g, struct lf_job *job, const uint32_t *probes, unsigned n);
/* All that were answered. */
int lf_journal_all(struct lf_gateway *g, struct lf_job *job);
/* job->wish, durably. */
int lf_journal_ruling(struct lf_gateway *g, struct lf_job *job);
int lf_journal_publish(struct lf_gateway *g, struct lf_job *job, const struct lf_output *outputs, unsigned n);
int lf_journal_covered(struct lf_gateway *g, struct lf_vault_message *m, const struct lf_versions *versions);
int lf_journal_read(struct lf_gateway *g, struct lf_vault_message *m, struct lf_past *ret);

/* serve.c: the socket. */
int lf_serve_open(struct lf_gateway *g);
void lf_serve_close(struct lf_gateway *g);
struct pollfd;
unsigned lf_serve_poll(struct lf_gateway *g, struct pollfd *fds);
/* Someone at the socket waits for a message of a flight's length or for a decision. */
bool lf_serve_waits(const struct lf_gateway *g);
void lf_serve_events(struct lf_gateway *g, const struct pollfd *fds, unsigned n);
void lf_serve_finish(struct lf_gateway *g, struct lf_job *job);
/* Tells who waits for a ruling how it ended. */
void lf_serve_ruled(struct lf_gateway *g, struct lf_job *job);
void lf_serve_progress(struct lf_gateway *g, struct lf_job *job);

/* rescreen.c */
/* Remembers a message whose reports are out, and what it was screened against at least. */
void lf_rescreen_keep(struct lf_gateway *g, const struct lf_job *job, const struct lf_versions *versions);
/* What the galleries hold now. */
void lf_rescreen_look(struct lf_gateway *g);
/* Each second: what changed, what expired, and the next message to screen again. */
void lf_rescreen_second(struct lf_gateway *g);
/* Compares with what was known, and reports what is new. */
void lf_rescreen_finish(struct lf_gateway *g, struct lf_job *job);

/* share.c: before the threads begin. */
void lf_share_cpus(struct lf_gateway *g);
/* Whether anyone waits for what it does; else it runs only when nothing else on its CPU would. */
void lf_share_urgent(struct lf_gateway *g, bool urgent);
/* Every so many calls, lets whoever waits for this CPU go first: long loops call it. */
void lf_give_way(unsigned *inout_n, unsigned every);

/* sandbox.c. Errno; `why` says what failed. lf_confine also logs what the kernel cannot do. */
int lf_become(const char *user, char why[256]);
int lf_confine(const char *directory, const char *bundle, const char *run, char why[256]);
