/* The worked example of dataplane/PROTOCOL.md: computed here with the product's own functions, and every
 * value found in the document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dataplane/counters.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_cert.h"
#include "dataplane/lsp_seal.h"
#include "matcher/person_write.h"

static char *document;
static size_t document_size;

static int read_document(void **state)
{
        char path[4096];
        const char *source = getenv("LANDFALL_SOURCE");
        snprintf(path, sizeof path, "%s/dataplane/PROTOCOL.md", source ? source : ".");
        FILE *f = fopen(path, "r");
        if (!f)
                return -1;
        document = calloc(1, 1 << 20);
        document_size = fread(document, 1, (1 << 20) - 1, f);
        fclose(f);
        return document_size > 0 ? 0 : -1;
}

static int drop_document(void **state)
{
        free(document);
        return 0;
}

/* The document has "name:" and then the bytes as hex, 32 a line. */
static void expect(const char *name, const void *bytes, size_t size)
{
        static char text[8192];
        int n = snprintf(text, sizeof text, "%s:\n", name);
        for (size_t i = 0; i < size; i += 32) {
                lsp_hex_write((const uint8_t *)bytes + i, (unsigned)(size - i < 32 ? size - i : 32),
                              text + n);
                n += (int)strlen(text + n);
                text[n++] = '\n';
                text[n] = '\0';
        }
        if (!strstr(document, text))
                fail_msg("dataplane/PROTOCOL.md lacks:\n%s", text);
}

static void fill(uint8_t *p, uint8_t first, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                p[i] = (uint8_t)(first + i);
}

static struct lsp_aead *aead(const uint8_t key[32])
{
        struct lsp_aead *a = NULL;
        assert_int_equal(lsp_aead_create(&a), 0);
        assert_int_equal(lsp_aead_set_key(a, key), 0);
        return a;
}

struct example {
        uint8_t exported[32], appliance[16], boot[16], new_boot[16], query_id[16], cookie[LSP_COOKIE_SIZE];
        uint8_t to_appliance[32], to_lane[32], new_to_lane[32];
        uint64_t session;
};

static void make(struct example *e)
{
        uint8_t cookie_key[32];
        struct lsp_cookie c = {.key_id = 7};
        struct lsp_cookie_plain p = {
            .session = 0x0102030405060708, .lane = 17, .slot = 5, .slot_turn = 9, .expiry = 1893456000};
        fill(e->exported, 0x00, 32);
        fill(e->appliance, 0xa0, 16);
        fill(e->boot, 0xb0, 16);
        fill(e->new_boot, 0xe0, 16);
        fill(e->query_id, 0xc0, 16);
        fill(cookie_key, 0x40, 32);
        fill(c.nonce, 0xd0, 12);
        memcpy(p.key, e->exported, 32);
        e->session = p.session;
        struct lsp_aead *a = aead(cookie_key);
        struct lsp_ad ad = {&c.key_id, 4};
        assert_int_equal(lsp_seal(a, c.nonce, &ad, 1, &p, sizeof p, c.box), 0);
        lsp_aead_destroy(a);
        memcpy(e->cookie, &c, sizeof c);
        assert_int_equal(lsp_derive(e->exported, e->boot, LSP_INFO_TO_APPLIANCE, e->to_appliance), 0);
        assert_int_equal(lsp_derive(e->exported, e->boot, LSP_INFO_TO_LANE, e->to_lane), 0);
        assert_int_equal(lsp_derive(e->exported, e->new_boot, LSP_INFO_TO_LANE, e->new_to_lane), 0);
}

static void keys_and_cookie(void **state)
{
        struct example e;
        struct lsp_exporter_context context = {.version = LSP_VERSION, .aead = LSP_AEAD_AES_256_GCM};
        make(&e);
        memcpy(context.appliance, e.appliance, 16);
        expect("exporter context", &context, sizeof context);
        expect("cookie", e.cookie, sizeof e.cookie);
        expect("key to the appliance", e.to_appliance, 32);
        expect("key to the lane", e.to_lane, 32);
        expect("key to the lane after the restart", e.new_to_lane, 32);
}

static size_t tlv(uint8_t *out, uint16_t type, const void *value, uint16_t size)
{
        lf_put_le16(out, type);
        lf_put_le16(out + 2, size);
        memcpy(out + 4, value, size);
        return 4u + size;
}

static void query_datagram(void **state)
{
        struct example e;
        uint8_t plain[LSP_PART_MIN] = {0}, person[64], datagram[LSP_QUERY_DATAGRAM_MIN], nonce[12];
        size_t n = 0, person_size = 0;
        make(&e);
        assert_int_equal(lf_person_put(person, sizeof person, &person_size, LF_PERSON_NAME, "ANA PEREZ", 9),
                         0);
        assert_int_equal(lf_person_put_birth(person, sizeof person, &person_size, 1960, 3, 12), 0);
        n += tlv(plain + n, LSP_TLV_AGREEMENTS, "\x03\x00", 2);
        n += tlv(plain + n, LSP_TLV_PURPOSE, "\x01\x00", 2);
        n += tlv(plain + n, LSP_TLV_PERSON, person, (uint16_t)person_size);
        lf_put_le16(plain + n, LSP_TLV_PAD);
        lf_put_le16(plain + n + 2, (uint16_t)(sizeof plain - n - 4));
        expect("plaintext of the query", plain, sizeof plain);

        struct lsp_query_header q = {.h = {.version = LSP_VERSION,
                                           .type = LSP_QUERY,
                                           .parts = 1,
                                           .total = sizeof plain,
                                           .nonce = 1,
                                           .time = 1767225600000000}};
        memcpy(q.h.query_id, e.query_id, 16);
        memcpy(q.h.boot, e.boot, 16);
        memcpy(q.cookie, e.cookie, sizeof q.cookie);
        memcpy(datagram, &q, sizeof q);
        lsp_nonce(q.h.nonce, nonce);
        expect("AEAD nonce of the query", nonce, sizeof nonce);
        struct lsp_aead *a = aead(e.to_appliance);
        struct lsp_ad ad = {datagram, sizeof q};
        assert_int_equal(lsp_seal(a, nonce, &ad, 1, plain, sizeof plain, datagram + sizeof q), 0);
        lsp_aead_destroy(a);
        expect("datagram of the query", datagram, sizeof datagram);
}

static void reply(const struct example *e, uint8_t type, uint64_t number, const uint8_t *boot,
                  const uint8_t *key, const void *plain, uint32_t size, const char *name)
{
        uint8_t datagram[LSP_ANSWER_DATAGRAM], nonce[12], session[8];
        struct lsp_header h = {.version = LSP_VERSION,
                               .type = type,
                               .parts = 1,
                               .total = size,
                               .nonce = number,
                               .time = 1767225600005000};
        memcpy(h.query_id, e->query_id, 16);
        memcpy(h.boot, boot, 16);
        memcpy(datagram, &h, sizeof h);
        lf_put_le64(session, e->session);
        lsp_nonce(h.nonce, nonce);
        struct lsp_aead *a = aead(key);
        const struct lsp_ad ad[] = {{datagram, sizeof h}, {session, 8}};
        assert_int_equal(lsp_seal(a, nonce, ad, 2, plain, size, datagram + sizeof h), 0);
        lsp_aead_destroy(a);
        expect(name, datagram, sizeof h + size + LSP_TAG_SIZE);
}

static void answer_and_notice(void **state)
{
        struct example e;
        struct lsp_answer answer = {.verdict = LSP_CANDIDATE,
                                    .candidates = 1,
                                    .generation = 12,
                                    .received = 1767225600000900,
                                    .ruleset = 4};
        make(&e);
        fill(answer.leaf, 0x60, 32);
        fill(answer.candidate[0].reference, 0x80, 16);
        answer.candidate[0].dataset = 2;
        answer.candidate[0].modalities = 8;
        answer.candidate[0].decade = -5;
        answer.candidate[0].reasons = 1;
        answer.candidate[0].reason[0].code = 4;
        expect("plaintext of the answer", &answer, sizeof answer);
        reply(&e, LSP_ANSWER, (2ull << 48) | 33, e.boot, e.to_lane, &answer, sizeof answer,
              "datagram of the answer");
        reply(&e, LSP_REBOOT, 1, e.new_boot, e.new_to_lane, NULL, 0, "datagram of the REBOOT");
}

/* Every number that the tables of the document stand on. */
static void constants(void **state)
{
        static const struct {
                const char *name;
                long long value;
        } all[] = {
            {"LSP_DATAGRAM_MAX", LSP_DATAGRAM_MAX},
            {"LSP_ANSWER_DATAGRAM", LSP_ANSWER_DATAGRAM},
            {"LSP_NOTICE_DATAGRAM", LSP_NOTICE_DATAGRAM},
            {"LSP_PART_MAX", LSP_PART_MAX},
            {"LSP_PART_MIN", LSP_PART_MIN},
            {"LSP_PARTS_MAX", LSP_PARTS_MAX},
            {"LSP_QUERY_MAX", LSP_QUERY_MAX},
            {"LSP_CLOCK_TOLERANCE_S", LSP_CLOCK_TOLERANCE_S},
            {"LSP_RESENDS_KEPT", LSP_RESENDS_KEPT},
            {"LSP_ASSEMBLIES", LSP_ASSEMBLIES},
            {"LSP_ASSEMBLY_MS", LSP_ASSEMBLY_MS},
            {"LSP_RETRANSMIT_MS", LSP_RETRANSMIT_MS},
            {"LSP_STANDBY_MS", LSP_STANDBY_MS},
            {"LSP_UNAVAILABLE_MS", LSP_UNAVAILABLE_MS},
            {"LSP_KE_PORT", LSP_KE_PORT},
        };
        for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
                char row[100];
                snprintf(row, sizeof row, "| `%s` | %lld |", all[i].name, all[i].value);
                if (!strstr(document, row))
                        fail_msg("dataplane/PROTOCOL.md lacks: %s", row);
        }
        static const char *const details[] = {
#define LSP_DETAIL(name, text) text,
#include "dataplane/detail.def"
#undef LSP_DETAIL
        };
        for (unsigned i = 0; i < sizeof details / sizeof *details; i++) {
                char row[200];
                snprintf(row, sizeof row, "| %u | %s |", i + 1, details[i]);
                if (!strstr(document, row))
                        fail_msg("dataplane/PROTOCOL.md lacks: %s", row);
        }
}

/* The table of drops is what the list makes. */
static void drops(void **state)
{
        static const char *const kinds[] = {[LF_DROP_FRAME] = "no datagram",
                                            [LF_DROP_SILENT] = "silence",
                                            [LF_DROP_NOTICE] = "notice",
                                            [LF_DROP_PARTS] = "parts",
                                            [LF_DROP_QUERY] = "no answer"};
        unsigned rows = 0;
        for (int i = 0; i < LF_DROP_COUNT; i++) {
                char row[300];
                snprintf(row, sizeof row, "\n| `%s` | %s | %s |\n", lf_drop_name((enum lf_drop)i),
                         kinds[lf_drop_kind((enum lf_drop)i)], lf_drop_text((enum lf_drop)i));
                if (!strstr(document, row))
                        fail_msg("dataplane/PROTOCOL.md lacks: %s", row);
        }
        const char *at = strstr(document, "| name | kind | what it was |"), *end = strstr(at, "\n\n");
        for (; at < end; at++)
                rows += at[0] == '\n' && at[1] == '|' && at[3] == '`';
        assert_int_equal(rows, LF_DROP_COUNT); /* and no more */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_and_cookie),
            cmocka_unit_test(query_datagram),
            cmocka_unit_test(answer_and_notice),
            cmocka_unit_test(constants),
            cmocka_unit_test(drops),
        };
        return cmocka_run_group_tests(tests, read_document, drop_document);
}
