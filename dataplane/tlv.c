#include "dataplane/path.h"

#include "base/bytes.h"

#include <string.h>

#define DEADLINE_MS 1000

static uint16_t read_agreements(struct lf_purpose_request *r, const uint8_t *v, uint16_t n)
{
        if (n == 0 || n % 2 || n / 2 > sizeof r->agreement)
                return LSP_DETAIL_MALFORMED;
        r->agreements = (uint8_t)(n / 2);
        for (unsigned i = 0; i < r->agreements; i++) {
                uint16_t number = lf_get_le16(v + 2 * i);
                /* What no table has room for is left to the law to refuse. */
                r->agreement[i] = number < LF_AGREEMENTS_MAX ? (uint8_t)number : UINT8_MAX;
        }
        return LSP_DETAIL_NONE;
}

static uint16_t read_decision(struct lf_query *q, const uint8_t *v, uint16_t n)
{
        struct lsp_decision d;
        if (n <= sizeof d || n > sizeof d + LSP_DECISION_REASON_MAX)
                return LSP_DETAIL_MALFORMED;
        memcpy(&d, v, sizeof d);
        if (d.decision != LSP_DECIDED_BOARD && d.decision != LSP_DECIDED_DO_NOT_BOARD)
                return LSP_DETAIL_MALFORMED;
        q->decision = v;
        q->request.decision = true;
        return LSP_DETAIL_NONE;
}

static int modality_of(uint16_t type)
{
        switch (type) {
        case LSP_TLV_FINGERPRINT:
                return LF_MODALITY_FINGERPRINT;
        case LSP_TLV_IRIS:
                return LF_MODALITY_IRIS;
        case LSP_TLV_FACE:
                return LF_MODALITY_FACE;
        case LSP_TLV_PERSON:
                return LF_MODALITY_PERSON;
        case LSP_TLV_CONSIGNMENT:
                return LF_MODALITY_CONSIGNMENT;
        default:
                return -1;
        }
}

static uint16_t read_field(struct lf_query *q, uint16_t type, const uint8_t *v, uint16_t n,
                           uint16_t *deadline_ms)
{
        struct lf_purpose_request *r = &q->request;
        uint16_t length; /* that a field of fixed length has */
        switch (type) {
        case LSP_TLV_PAD:
                return LSP_DETAIL_NONE;
        case LSP_TLV_AGREEMENTS:
                return read_agreements(r, v, n);
        case LSP_TLV_PURPOSE:
                length = 2;
                break;
        case LSP_TLV_OFFICER:
                length = sizeof q->token;
                break;
        case LSP_TLV_WARRANT:
                length = sizeof r->warrant;
                break;
        case LSP_TLV_SUBJECT:
        case LSP_TLV_ENCOUNTER:
        case LSP_TLV_PRIORITY:
                length = 1;
                break;
        case LSP_TLV_DEADLINE:
                length = 2;
                break;
        case LSP_TLV_CATEGORIES:
                length = 4;
                break;
        case LSP_TLV_DECISION:
                return read_decision(q, v, n);
        default: {
                int m = modality_of(type);
                if (m < 0)
                        return LSP_DETAIL_UNKNOWN_FIELD;
                q->probe[m].wire = v;
                q->probe[m].size = n;
                q->probe[m].tlv = type;
                r->modalities |= (uint8_t)(1u << m);
                return LSP_DETAIL_NONE;
        }
        }
        if (n != length)
                return LSP_DETAIL_MALFORMED;
        switch (type) {
        case LSP_TLV_PURPOSE:
                r->purpose = lf_get_le16(v);
                break;
        case LSP_TLV_OFFICER:
                memcpy(&q->token, v, sizeof q->token);
                q->token_given = true;
                break;
        case LSP_TLV_WARRANT:
                memcpy(r->warrant, v, sizeof r->warrant);
                r->warrant_given = true;
                break;
        case LSP_TLV_SUBJECT:
                r->subject = v[0];
                break;
        case LSP_TLV_ENCOUNTER:
                r->encounter = v[0];
                break;
        case LSP_TLV_DEADLINE:
                *deadline_ms = lf_get_le16(v);
                break;
        case LSP_TLV_PRIORITY:
                r->priority = v[0];
                break;
        case LSP_TLV_CATEGORIES:
                r->categories = lf_get_le32(v);
                r->categories_given = true;
                break;
        }
        return LSP_DETAIL_NONE;
}

uint16_t lf_tlv_read(struct lf_query *q, uint64_t tsc_hz)
{
        struct lf_reader in = lf_reader_over(q->plain, q->size);
        uint16_t deadline_ms = DEADLINE_MS, fault = LSP_DETAIL_NONE;
        uint32_t seen = 0; /* the types below 32; the others are unknown */
        while (lf_reader_left(&in) > 0 && fault == LSP_DETAIL_NONE) {
                uint16_t type = lf_reader_le16(&in), n = lf_reader_le16(&in);
                const uint8_t *v = lf_reader_take(&in, n);
                if (!v || (type < 32 && seen >> type & 1))
                        return LSP_DETAIL_MALFORMED;
                if (type < 32)
                        seen |= 1u << type;
                fault = read_field(q, type, v, n, &deadline_ms);
        }
        q->deadline = q->arrival + deadline_ms * (tsc_hz / 1000);
        if (fault != LSP_DETAIL_NONE)
                return fault;
        if (!(seen >> LSP_TLV_AGREEMENTS & 1) || !(seen >> LSP_TLV_PURPOSE & 1))
                return LSP_DETAIL_MALFORMED;
        if (q->decision) /* on what was searched before */
                return q->request.modalities ? LSP_DETAIL_MALFORMED : LSP_DETAIL_NONE;
        return q->request.modalities ? LSP_DETAIL_NONE : LSP_DETAIL_NO_PROBE;
}
