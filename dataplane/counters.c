#include "dataplane/counters.h"

#include "dataplane/lsp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
        const char *name, *text;
        enum lf_drop_kind kind;
} drops[LF_DROP_COUNT] = {
#define LF_DROP(name, kind, text) [LF_DROP_##name] = {#name, text, LF_DROP_##kind},
#include "dataplane/reason.def"
#undef LF_DROP
};

static const char *const stages[LF_STAGE_COUNT] = {
#define LF_STAGE(name, text) [LF_STAGE_##name] = #name,
#include "dataplane/stage.def"
#undef LF_STAGE
};

static const struct {
        const char *name, *text;
} details[LSP_DETAIL_COUNT] = {
    [LSP_DETAIL_NONE] = {"NONE", "none"},
#define LSP_DETAIL(name, text) [LSP_DETAIL_##name] = {#name, text},
#include "dataplane/detail.def"
#undef LSP_DETAIL
};
_Static_assert(LSP_DETAIL_COUNT <= 64, "struct lf_core_counters has room for 64 details");

const char *lf_drop_name(enum lf_drop drop)
{
        return drop < LF_DROP_COUNT ? drops[drop].name : "unknown";
}

const char *lf_drop_text(enum lf_drop drop)
{
        return drop < LF_DROP_COUNT ? drops[drop].text : "unknown";
}

enum lf_drop_kind lf_drop_kind(enum lf_drop drop)
{
        return drops[drop].kind;
}

const char *lf_stage_name(enum lf_stage stage)
{
        return stage < LF_STAGE_COUNT ? stages[stage] : "unknown";
}

const char *lsp_detail_text(uint16_t detail)
{
        return detail < LSP_DETAIL_COUNT ? details[detail].text : "unknown";
}

const char *lsp_detail_name(uint16_t detail)
{
        return detail < LSP_DETAIL_COUNT ? details[detail].name : "UNKNOWN";
}

int lf_counters_map(const char *run_dir, const struct lf_counters **ret)
{
        char path[512];
        if (snprintf(path, sizeof path, "%s/%s", run_dir, LF_COUNTERS_FILE) >= (int)sizeof path)
                return -ENAMETOOLONG;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        struct stat st;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0 && st.st_size < (off_t)sizeof(struct lf_counters))
                r = -EPROTO;
        void *p = r == 0 ? mmap(NULL, sizeof(struct lf_counters), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (r == 0 && p == MAP_FAILED)
                r = -errno;
        close(fd);
        if (r < 0)
                return r;
        const struct lf_counters *c = p;
        if (c->magic != LF_COUNTERS_MAGIC || c->abi != LF_COUNTERS_ABI || c->size != sizeof *c ||
            c->cores > LF_CORES_MAX) {
                lf_counters_unmap(c);
                return -EPROTO;
        }
        *ret = c;
        return 0;
}

void lf_counters_unmap(const struct lf_counters *c)
{
        if (c)
                munmap((void *)c, sizeof *c);
}

uint64_t lf_counters_sum(const struct lf_counters *c, const lf_counter *of_core_0)
{
        size_t offset = (size_t)((const char *)of_core_0 - (const char *)&c->core[0]);
        uint64_t sum = 0;
        for (unsigned i = 0; i < c->cores; i++)
                sum += lf_read((const lf_counter *)((const char *)&c->core[i] + offset));
        return sum;
}

static uint64_t dropped(const struct lf_counters *c, unsigned kinds)
{
        uint64_t sum = 0;
        for (int d = 0; d < LF_DROP_COUNT; d++)
                if (kinds & 1u << drops[d].kind)
                        sum += lf_counters_sum(c, &c->core[0].drop[d]);
        return sum;
}

bool lf_counters_balance(const struct lf_counters *c, char *ret_text, uint32_t size)
{
        const struct lf_core_counters *k = &c->core[0];
        uint64_t received = lf_counters_sum(c, &k->received), absorbed = lf_counters_sum(c, &k->absorbed),
                 opened = lf_counters_sum(c, &k->opened), resends = lf_counters_sum(c, &k->resends),
                 answered = lf_counters_sum(c, &k->answered), in_flight = lf_counters_sum(c, &k->in_flight),
                 datagrams = dropped(c, 1u << LF_DROP_SILENT | 1u << LF_DROP_NOTICE),
                 queries = dropped(c, 1u << LF_DROP_QUERY);
        snprintf(ret_text, size,
                 "received %lu = absorbed %lu + opened %lu + resends %lu + drops %lu; "
                 "opened %lu = answered %lu + dropped %lu + in flight %lu",
                 received, absorbed, opened, resends, datagrams, opened, answered, queries, in_flight);
        return received == absorbed + opened + resends + datagrams &&
               opened == answered + queries + in_flight;
}
