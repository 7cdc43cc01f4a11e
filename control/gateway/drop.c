/* The drop directory: in/, work/, done/, failed/, vault/.
 *
 * A message is taken when its writer has closed it or renamed it to in/. Of what the kernel did not tell, it
 * is taken when it lay still for a while and ends as messages do; what does not may have a writer that
 * pauses, who is waited for longer. What then still lacks its end goes to failed/ as it is, where its writer
 * may go on with it. A message is claimed by a rename to work/ID.NAME, sealed into the vault, and its
 * plaintext removed. When it is finished its reports are written to work/ID~KIND and synced; the journal says
 * where they belong, and is synced; only then are they renamed there. Whatever stands in work/ at a start is
 * gone on with from the step that it had reached: a report that the journal names and work/ no longer holds
 * was published, even if someone has taken it away since. */
#include "control/gateway/gateway.h"

#include "base/log.h"
#include "control/file/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ID_TEXT    (2 * LF_VAULT_ID)
#define JOBS_MAX   8 /* messages from in/ at once; the others wait there */
#define SHORT_ID   8
#define TAIL       256
#define STUCK_US   60000000u
#define CLAIM_NAME (LF_NAME_LENGTH - 1)

static int open_folder(int at, const char *name)
{
        if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

int lf_drop_open(struct lf_gateway *g)
{
        char vault[LF_PATH_MAX + 8];
        g->directory = open(g->options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (g->directory < 0)
                return -errno;
        int *const folder[] = {&g->in, &g->work, &g->done, &g->failed};
        static const char *const name[] = {"in", "work", "done", "failed"};
        for (unsigned i = 0; i < 4; i++) {
                *folder[i] = open_folder(g->directory, name[i]);
                if (*folder[i] < 0)
                        return *folder[i];
        }
        int fd = open_folder(g->directory, "vault");
        if (fd < 0)
                return fd;
        close(fd);
        snprintf(vault, sizeof vault, "%s/vault", g->options->directory);
        return lf_vault_open(vault, g->options->window_us / 1000000, &g->vault);
}

/* ---- taking a message in ---- */

static int read_plain(struct lf_gateway *g, const char *file, const char *name, uint8_t **ret,
                      size_t *ret_size)
{
        struct stat st;
        if (fstatat(g->work, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
                return -EINVAL; /* a device may do something when it is opened */
        int fd = openat(g->work, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0 && (uint64_t)st.st_size > g->options->largest)
                r = -EFBIG;
        uint8_t *bytes;
        size_t got;
        if (r == 0)
                r = lf_read_whole(fd, sizeof(struct lf_meta), (size_t)st.st_size, &bytes, &got);
        close(fd);
        if (r < 0)
                return r;
        struct lf_meta meta = {.kind = LF_JOB_FILE};
        snprintf(meta.name, sizeof meta.name, "%s", name);
        memcpy(bytes, &meta, sizeof meta);
        *ret = bytes;
        *ret_size = sizeof meta + got;
        return 0;
}

static const char *unreadable(int error)
{
        return error == -EFBIG ? "longer than largest_message"
               : error == -EACCES
                   ? "the gateway's user may not read it: give it to that user, or make it readable, "
                     "and drop it again"
               : error == -EINVAL ? "not a file, or a link to one: drop the file itself"
               : error == -ENODATA
                   ? "it ends within a message, and its writer neither closed it nor went on for half "
                     "a minute: drop it again when it is whole"
                   : strerror(-error);
}

/* What cannot even be read goes to failed/ as it is, with a report beside it; what is no file, the report
 * alone. */
static void set_aside(struct lf_gateway *g, const char *file, const char *name, const uint8_t *id, int error)
{
        char path[LF_PATH_MAX + LF_NAME_LENGTH + 64], text[512], hex[ID_TEXT + 1], printable[LF_NAME_LENGTH];
        char to[LF_NAME_LENGTH + 64];
        struct stat st;
        lf_vault_hex(id, hex);
        lf_printable(name, printable);
        for (char *p = printable; *p; p++)
                if (*p == '"' || *p == '\\')
                        *p = '?';
        int n = snprintf(
            text, sizeof text,
            "{\"name\":\"%s\",\"id\":\"%s\",\"state\":\"failed\",\"reason\":\"%s\",\"messages\":[]}\n",
            printable, hex, unreadable(error));
        snprintf(path, sizeof path, "%s/failed/%.*s.%.*s.json", g->options->directory, CLAIM_NAME, name,
                 SHORT_ID, hex);
        snprintf(to, sizeof to, "%s.%.*s", name, SHORT_ID, hex);
        int r = lf_file_replace(AT_FDCWD, path, text, (size_t)n, 0600, true);
        bool keep = fstatat(g->work, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode);
        if (r == 0 && (keep ? renameat(g->work, file, g->failed, to) : unlinkat(g->work, file, 0)) < 0)
                r = -errno;
        if (r < 0) {
                lf_log_error("%s: cannot be set aside: %s", printable, strerror(-r));
                return;
        }
        fsync(g->failed);
        lf_log_error("%s: failed: %s", printable, unreadable(error));
}

static void add_file(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        if (job->refusal == LF_TAKEN) /* else its end says why */
                lf_log_info("%s: %u travellers or parties in %u messages", lf_printable(job->meta.name, name),
                            job->copy.subjects, job->copy.messages);
        lf_gateway_add(g, job);
}

static void take(struct lf_gateway *g, const char *file)
{
        const char *name = file + ID_TEXT + 1;
        struct lf_vault_message sealed = {.received = (uint64_t)time(NULL), .journal = -1};
        uint8_t *plain = NULL;
        size_t size = 0;
        struct lf_job *job;
        char printable[LF_NAME_LENGTH];
        lf_vault_id(file, sealed.id);
        int r = read_plain(g, file, name, &plain, &size);
        if (r < 0 && r != -ENOMEM && r != -EMFILE && r != -ENFILE) {
                set_aside(g, file, name, sealed.id, r);
                return;
        }
        if (r == 0) {
                r = lf_vault_seal(g->vault, &sealed, plain, size, true);
                bool already = r == -EEXIST;
                if (already || r < 0) {
                        OPENSSL_cleanse(plain, size);
                        free(plain);
                }
                if (already) { /* we ended before the plaintext was removed */
                        lf_wipe_file(g->work, file);
                        return;
                }
        }
        if (r == 0)
                lf_wipe_file(g->work, file);
        if (r == 0)
                r = lf_job_new(g, LF_JOB_FILE, plain, size, &job);
        if (r < 0) {
                lf_log_error("%s: %s; it waits for the next start", lf_printable(name, printable),
                             strerror(-r));
                return;
        }
        job->sealed = sealed;
        OPENSSL_cleanse(&sealed, sizeof sealed);
        lf_journal_begin(g, job);
        add_file(g, job);
}

bool lf_drop_has_room(const struct lf_gateway *g)
{
        unsigned n = 0;
        for (const struct lf_job *j = g->jobs; j; j = j->next)
                n += j->kind == LF_JOB_FILE;
        return n < JOBS_MAX;
}

/* Senders write under another name and rename: what begins with a dot or ends like a copy in progress is not
 * there yet. */
static bool is_ready(const char *name)
{
        const char *dot = strrchr(name, '.');
        return name[0] != '.' && !(dot && (strcmp(dot, ".tmp") == 0 || strcmp(dot, ".part") == 0 ||
                                           strcmp(dot, ".filepart") == 0));
}

/* What cannot be claimed stays in in/, and the log says why, once a minute. */
static void say_stuck(struct lf_gateway *g, const char *name, int error)
{
        char printable[LF_NAME_LENGTH];
        if (error == ENOENT || lf_gateway_now_us() < g->next_stuck_us)
                return;
        g->stuck = true;
        lf_log_error("%s: stays in in/, it cannot be taken: %s", lf_printable(name, printable),
                     strerror(error));
}

/* Whether nothing but its end is missing. */
static bool is_cut(struct lf_gateway *g, const char *file, const char *name)
{
        static const struct lf_manifest_calls calls;
        struct lf_manifest_error error = {0};
        uint8_t *plain;
        size_t size;
        if (read_plain(g, file, name, &plain, &size) < 0)
                return false;
        const size_t head = sizeof(struct lf_meta);
        int r = lf_manifest_read(plain + head, size - head, &calls, NULL, &error);
        OPENSSL_cleanse(plain, size);
        free(plain);
        return r == -EBADMSG && (error.rule == LF_RULE_EMPTY || error.rule == LF_RULE_UNTERMINATED ||
                                 error.rule == LF_RULE_NO_TRAILER);
}

/* `late`: nobody has written it for long; whether its end is missing is looked at when no writer can reach it
 * by its name any more. */
static void claim(struct lf_gateway *g, const char *name, bool late)
{
        uint8_t id[LF_VAULT_ID];
        char hex[ID_TEXT + 1], file[ID_TEXT + 2 + CLAIM_NAME];
        struct stat st;
        if (fstatat(g->in, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode) ||
            RAND_bytes(id, sizeof id) != 1)
                return;
        lf_vault_hex(id, hex);
        snprintf(file, sizeof file, "%s.%.*s", hex, CLAIM_NAME, name);
        if (renameat(g->in, name, g->work, file) < 0) {
                say_stuck(g, name, errno);
                return;
        }
        if (fsync(g->work) < 0 || fsync(g->in) < 0)
                lf_log_error("%s: %s", g->options->directory, strerror(errno));
        if (late && is_cut(g, file, name))
                set_aside(g, file, file + ID_TEXT + 1, id, -ENODATA);
        else
                take(g, file);
}

static void each_entry(struct lf_gateway *g, int folder, void (*each)(struct lf_gateway *, const char *))
{
        int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d && fd >= 0)
                close(fd);
        for (struct dirent *e; d && (e = readdir(d));)
                each(g, e->d_name);
        if (d)
                closedir(d);
}

void lf_drop_arrived(struct lf_gateway *g, const char *name)
{
        if (is_ready(name) && lf_drop_has_room(g))
                claim(g, name, false);
}

/* Whether an interchange ends where it ends. What cannot be read is to be set aside. */
static bool ends_whole(struct lf_gateway *g, const char *name, off_t size)
{
        char tail[TAIL];
        int fd = openat(g->in, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return true;
        ssize_t n = pread(fd, tail, TAIL, size > TAIL ? size - TAIL : 0);
        close(fd);
        return n < 0 || lf_drop_ends_whole(tail, (size_t)n);
}

/* Nobody writes it any more, it seems. */
static void claim_if_still(struct lf_gateway *g, const char *name)
{
        struct stat st;
        if (!is_ready(name) || fstatat(g->in, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        const bool file = S_ISREG(st.st_mode);
        switch (lf_drop_age(time(NULL) - st.st_ctime, lf_gateway_now_us(), &g->ahead)) {
        case LF_DROP_WRITTEN:
                return;
        case LF_DROP_STILL:
                if (!file || ends_whole(g, name, st.st_size))
                        lf_drop_arrived(g, name);
                return;
        case LF_DROP_LATE:
                if (lf_drop_has_room(g))
                        claim(g, name, file);
                return;
        }
}

/* ---- reports that wait in work/ ---- */

static int folder_of(struct lf_gateway *g, const char *name)
{
        return strcmp(name, "failed") == 0 ? g->failed : g->done;
}

/* Puts what waits in work/ where it belongs. */
static int publish(struct lf_gateway *g, const struct lf_output *outputs, unsigned n)
{
        int r = 0;
        for (unsigned i = 0; i < n; i++) {
                const struct lf_output *o = &outputs[i];
                if (renameat(g->work, o->temporary, folder_of(g, o->folder), o->name) < 0 && errno != ENOENT)
                        r = -errno;
        }
        if (fsync(g->done) < 0 || fsync(g->failed) < 0 || fsync(g->work) < 0)
                r = -errno;
        return r;
}

/* Reports that could not be put where they belong, as after a start with a read-only done/. */
static void publish_late(struct lf_gateway *g)
{
        for (size_t i = 0; i < g->lates;) {
                if (publish(g, g->late[i].output, g->late[i].n) == 0)
                        g->late[i] = g->late[--g->lates];
                else
                        i++;
        }
}

static bool is_late(const struct lf_gateway *g, const char *name)
{
        for (size_t i = 0; i < g->lates; i++)
                for (unsigned k = 0; k < g->late[i].n; k++)
                        if (strcmp(g->late[i].output[k].temporary, name) == 0)
                                return true;
        return false;
}

/* What was claimed and could not be sealed: the disk was full. */
static void take_again(struct lf_gateway *g, const char *name)
{
        uint8_t id[LF_VAULT_ID];
        if (lf_vault_id(name, id) == 0 && name[ID_TEXT] == '.')
                take(g, name);
}

void lf_drop_scan(struct lf_gateway *g)
{
        publish_late(g);
        each_entry(g, g->work, take_again);
        g->ahead.seen = false;
        each_entry(g, g->in, claim_if_still);
        if (!g->ahead.seen)
                g->ahead.since_us = 0;
        if (g->stuck)
                g->next_stuck_us = lf_gateway_now_us() + STUCK_US;
        g->stuck = false;
}

/* ---- reports ---- */

static int write_output(struct lf_gateway *g, struct lf_job *job, struct lf_output *o, const char *kind,
                        const char *suffix, const char *bytes, size_t size)
{
        char path[LF_PATH_MAX + 128], hex[ID_TEXT + 1];
        lf_vault_hex(job->sealed.id, hex);
        *o = (struct lf_output){0};
        snprintf(o->temporary, sizeof o->temporary, "%s~%s", hex, kind);
        snprintf(o->folder, sizeof o->folder, "%s", job->refusal == LF_TAKEN ? "done" : "failed");
        snprintf(o->name, sizeof o->name, "%s.%.*s.%s", job->meta.name, SHORT_ID, hex, suffix);
        snprintf(path, sizeof path, "%s/work/%s", g->options->directory, o->temporary);
        return lf_file_replace(AT_FDCWD, path, bytes, size, 0640, true);
}

static int write_reports(struct lf_gateway *g, struct lf_job *job, struct lf_output *outputs, unsigned *ret_n)
{
        char *cusres = NULL, suffix[48];
        size_t size = 0;
        unsigned n = 0;
        bool again = job->kind == LF_JOB_RESCREEN;
        int r = again ? 0 : lf_report_cusres(job, &cusres, &size);
        if (job->kind == LF_JOB_RULING)
                snprintf(suffix, sizeof suffix, "decision-%u.cusres", job->wish.number);
        else
                strcpy(suffix, "cusres");
        if (r == 0 && cusres) {
                r = write_output(g, job, &outputs[n], "cusres", suffix, cusres, size);
                n += r == 0;
        }
        free(cusres);
        if (again)
                snprintf(suffix, sizeof suffix, "rescreen-%llu-%u.json", (unsigned long long)job->generation,
                         job->purpose);
        else if (job->kind == LF_JOB_RULING)
                snprintf(suffix, sizeof suffix, "decision-%u.json", job->wish.number);
        else
                strcpy(suffix, "json");
        char *json = r == 0 ? lf_report_json(g, job, false, &size) : NULL;
        if (r == 0 && !json)
                r = -ENOMEM;
        if (r == 0) {
                r = write_output(g, job, &outputs[n], again ? "rescreen" : "report", suffix, json, size);
                n += r == 0;
        }
        free(json);
        *ret_n = n;
        return r;
}

static void say_done(const struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        struct lf_counts n = lf_job_counts(job);
        lf_printable(job->meta.name, name);
        if (job->refusal != LF_TAKEN)
                lf_log_error("%s: %s: %s", name, job->refusal == LF_NOT_PERMITTED ? "refused" : "failed",
                             job->reason);
        else
                lf_log_info("%s: %lu clear, %lu referred, %lu to be tried again, %lu without an answer", name,
                            n.clear, n.refer, n.retry, n.error);
}

int lf_drop_publish(struct lf_gateway *g, struct lf_job *job)
{
        struct lf_output outputs[LF_OUTPUTS] = {0};
        unsigned n = 0;
        char name[LF_NAME_LENGTH];
        int r = write_reports(g, job, outputs, &n);
        if (r == 0)
                r = lf_journal_publish(g, job, outputs, n);
        if (r == 0)
                r = publish(g, outputs, n);
        if (r < 0) /* it stays sealed, with its answers, and is gone on with in a while */
                lf_log_error("%s: its report cannot be written: %s", lf_printable(job->meta.name, name),
                             strerror(-r));
        return r;
}

void lf_drop_finish(struct lf_gateway *g, struct lf_job *job)
{
        job->screen_us = lf_gateway_now_us() - job->asked_us;
        if (lf_drop_publish(g, job) < 0) {
                job->again_ms = lf_gateway_now_us() / 1000 + 5000;
                lf_gateway_add(g, job);
                return;
        }
        say_done(job);
        if (job->refusal == LF_TAKEN)
                lf_rescreen_keep(g, job, &job->versions);
        lf_job_free(job);
}

void lf_drop_keep(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        int r = lf_vault_seal(g->vault, &job->sealed, job->plain, job->plain_size, false);
        if (r == 0)
                r = lf_journal_begin(g, job);
        if (r == 0)
                r = lf_journal_all(g, job);
        if (r == 0)
                r = lf_journal_publish(g, job, NULL, 0);
        if (r == 0)
                lf_rescreen_keep(g, job, &job->versions);
        else
                lf_log_error("%s: cannot be kept for screening again: %s", lf_printable(job->meta.name, name),
                             strerror(-r));
}

/* ---- after a start ---- */

static void publish_or_wait(struct lf_gateway *g, const struct lf_past *past)
{
        int r = publish(g, past->output, past->outputs);
        struct lf_outputs *more = r < 0 ? realloc(g->late, (g->lates + 1) * sizeof *more) : NULL;
        if (r < 0)
                lf_log_error("a report cannot be put where it belongs: %s%s", strerror(-r),
                             more ? "; it is tried again" : "");
        if (!more)
                return;
        g->late = more;
        more[g->lates].n = past->outputs;
        memcpy(more[g->lates++].output, past->output, sizeof past->output);
}

/* Goes on with a sealed message: from the start, from where its journal ends, or not at all any more. */
static void resume(struct lf_gateway *g, const uint8_t id[LF_VAULT_ID])
{
        struct lf_vault_message sealed;
        struct lf_past past = {0};
        uint8_t *plain;
        size_t size;
        char hex[ID_TEXT + 1];
        struct lf_job *job = NULL;
        int r = lf_vault_unseal(g->vault, id, &sealed, &plain, &size);
        if (r == 0) {
                r = lf_job_new(g, LF_JOB_FILE, plain, size, &job);
                if (r == 0)
                        job->sealed = sealed;
                past.job = job && job->refusal == LF_TAKEN ? job : NULL;
                if (r == 0)
                        r = lf_journal_read(g, &job->sealed, &past);
        }
        if (r < 0) {
                lf_vault_hex(id, hex);
                lf_log_error("message %s cannot be gone on with: %s", hex, strerror(-r));
                lf_job_free(job);
                return;
        }
        if (past.began)
                job->versions = past.versions;
        if (past.published) {
                publish_or_wait(g, &past);
                if (job->refusal == LF_TAKEN)
                        lf_rescreen_keep(g, job, &past.versions);
                if (!lf_ruling_resume(g, job))
                        lf_job_free(job);
        } else if (job->meta.kind == LF_JOB_CALL) { /* nobody waits for it any more */
                lf_vault_forget(g->vault, id);
                lf_job_free(job);
        } else {
                add_file(g, job);
        }
}

static void resume_one(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received)
{
        resume(arg, id);
}

/* A report that no journal entry names was not finished: it is written anew. */
static void drop_unfinished(struct lf_gateway *g, const char *name)
{
        uint8_t id[LF_VAULT_ID];
        if (lf_vault_id(name, id) == 0 && name[ID_TEXT] == '~' && !is_late(g, name))
                unlinkat(g->work, name, 0);
}

void lf_drop_resume(struct lf_gateway *g)
{
        lf_vault_list(g->vault, resume_one, g);
        each_entry(g, g->work, drop_unfinished);
        lf_drop_scan(g);
}
