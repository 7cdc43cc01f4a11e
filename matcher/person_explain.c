#include "matcher/person_explain.h"

#include "matcher/person_token.h"

/* Name parts that are told; the rest of the explanation is kept for the other facts. */
#define PARTS_TOLD 4

static void tell(struct lf_explanation *e, enum lf_match_reason_code code, unsigned a, unsigned b, unsigned c)
{
        if (e->n < LF_EXPLANATION_MAX)
                e->reason[e->n++] = (struct lf_match_reason){
                    .code = (uint8_t)code, .a = (uint8_t)a, .b = (uint8_t)b, .c = (uint8_t)c};
}

static void tell_word(struct lf_explanation *e, const struct lf_pairing *p, const struct lf_token *s,
                      const struct lf_token *t)
{
        struct lf_span x = lf_span_of(s), y = lf_span_of(t);
        unsigned edits, a = p->a + 1u, b = p->b + 1u;
        bool scripts = (s->flags | t->flags) & LF_TOKEN_FOREIGN;
        lf_span_similarity(&x, &y, &edits);
        if (p->initial)
                tell(e, LF_MATCH_REASON_NAME_INITIAL, a, b, 0);
        else if (p->similarity == 1000 && s->spelling == t->spelling && s->flags == t->flags)
                tell(e, LF_MATCH_REASON_NAME_EXACT, a, b, 0);
        else if (p->similarity == 1000 || scripts)
                tell(e, LF_MATCH_REASON_NAME_TRANSLITERATED, a, b, 0);
        else
                tell(e, LF_MATCH_REASON_NAME_EDIT, a, b, edits);
}

static void tell_pairing(struct lf_explanation *e, const struct lf_pairing *p, const struct lf_name *own,
                         const struct lf_name *theirs)
{
        if (p->a_words == 1 && p->b_words == 1)
                tell_word(e, p, &own->token[p->a], &theirs->token[p->b]);
        else if (p->a_words == 1)
                tell(e, LF_MATCH_REASON_NAME_JOINED, p->a + 1u, p->b + 1u, (unsigned)p->b + p->b_words);
        else if (p->b_words == 1)
                tell(e, LF_MATCH_REASON_NAME_SPLIT, p->a + 1u, (unsigned)p->a + p->a_words, p->b + 1u);
        else
                tell(e, LF_MATCH_REASON_NAME_REGROUPED, p->a + 1u, (unsigned)p->a + p->a_words, p->b + 1u);
}

static unsigned weight_of(const struct lf_pairing *p, const struct lf_name *own)
{
        unsigned w = 0;
        for (unsigned i = p->a; i < (unsigned)p->a + p->a_words; i++)
                w += own->token[i].weight;
        return w * p->similarity;
}

static void tell_names(struct lf_explanation *e, struct lf_alignment *al, const struct lf_name *own,
                       const struct lf_name *theirs)
{
        for (unsigned told = 0; told < PARTS_TOLD && told < al->n; told++) {
                unsigned best = told;
                for (unsigned i = told + 1; i < al->n; i++)
                        if (weight_of(&al->pair[i], own) > weight_of(&al->pair[best], own))
                                best = i;
                struct lf_pairing p = al->pair[best];
                al->pair[best] = al->pair[told];
                al->pair[told] = p;
                tell_pairing(e, &p, own, theirs);
        }
        if (al->left_a || al->left_b)
                tell(e, LF_MATCH_REASON_NAME_UNMATCHED, al->left_a, al->left_b, 0);
}

static void tell_birth(struct lf_explanation *e, const struct lf_person_facts *own,
                       const struct lf_person_facts *theirs, unsigned tolerance)
{
        unsigned years;
        switch (lf_birth_compare(own, theirs, tolerance, &years)) {
        case LF_BIRTH_EXACT:
                tell(e, LF_MATCH_REASON_BIRTH_EXACT, 0, 0, 0);
                break;
        case LF_BIRTH_PARTIAL:
                tell(e, LF_MATCH_REASON_BIRTH_PARTIAL, 0, 0, 0);
                break;
        case LF_BIRTH_NEAR:
                tell(e, LF_MATCH_REASON_BIRTH_NEAR, years, 0, 0);
                break;
        case LF_BIRTH_DIFFERENT:
                tell(e, LF_MATCH_REASON_BIRTH_DIFFERENT, 0, 0, 0);
                break;
        case LF_BIRTH_UNKNOWN:
                break;
        }
}

void lf_person_explain(const struct lf_shard *shard, const struct lf_person_view *v, uint32_t row,
                       const struct lf_person_probe *probe, struct lf_explanation *ret)
{
        const struct lf_person_row *r = &v->row[row];
        struct lf_person_facts theirs = lf_person_facts_of(v, &v->detail[r->record]),
                               own = lf_probe_facts(probe);
        struct lf_name name = {.token = v->token + r->token, .n = r->n, .weight = r->weight};
        enum lf_document document = lf_document_compare(&own, &theirs);
        if (document != LF_DOCUMENT_NONE)
                tell(ret,
                     document == LF_DOCUMENT_EXACT ? LF_MATCH_REASON_DOCUMENT_EXACT
                                                   : LF_MATCH_REASON_DOCUMENT_SLIP,
                     0, 0, 0);
        unsigned best = 0, points = 0;
        if (shard->person.scoring == LF_PERSON_SCORING_OFAC &&
            lf_probe_ofac(probe, v->text + r->text, r->class, &points) > 0)
                tell(ret, LF_MATCH_REASON_NAME_OFAC, points, 0, 0);
        struct lf_alignment alignment;
        if (lf_probe_similarity(probe, &name, r->class, 0, &best, &alignment) > 0) {
                const struct lf_person_name *n = &probe->name[best];
                struct lf_name mine = lf_name_over(probe->token + n->first, n->n);
                tell_names(ret, &alignment, &mine, &name);
                if (r->class != LF_NAME_PRIMARY)
                        tell(ret,
                             r->class == LF_NAME_WEAK       ? LF_MATCH_REASON_NAME_WEAK_ALIAS
                             : r->class == LF_NAME_NICKNAME ? LF_MATCH_REASON_NAME_NICKNAME
                                                            : LF_MATCH_REASON_NAME_ALIAS,
                             0, 0, 0);
        }
        tell_birth(ret, &own, &theirs, lf_birth_years(shard));
        if (lf_sex_contradicts(&own, &theirs))
                tell(ret, LF_MATCH_REASON_SEX_DIFFERENT, 0, 0, 0);
        if (lf_nationality_shared(&own, &theirs))
                tell(ret, LF_MATCH_REASON_NATIONALITY_SAME, 0, 0, 0);
}
