#include "matcher/person_explain.h"

#include <math.h>

#include "matcher/person_token.h"

/* Name parts that are told at most; the rest of the explanation is kept for the other facts. */
#define PARTS_TOLD 4

/* What each fact adds to the score or takes from it, one after the other: with the name's part their sum is
 * the score. */
struct shares {
        float birth, nationality, sex, document;
};

static struct shares shares_of(float similarity, enum lf_document document, const struct lf_person_facts *own,
                               const struct lf_person_facts *theirs, unsigned years)
{
        struct lf_person_facts known = {.date = own->date, .n_dates = own->n_dates};
        float birth = lf_person_score(similarity, LF_DOCUMENT_NONE, &known, theirs, years);
        known.nation = own->nation;
        known.n_nations = own->n_nations;
        float nationality = lf_person_score(similarity, LF_DOCUMENT_NONE, &known, theirs, years);
        known.sex = own->sex;
        float sex = lf_person_score(similarity, LF_DOCUMENT_NONE, &known, theirs, years);
        float all = lf_person_score(similarity, document, own, theirs, years);
        return (struct shares){birth - similarity, nationality - birth, sex - nationality, all - sex};
}

static unsigned points(float share)
{
        return (unsigned)lroundf(fabsf(share) * 100);
}

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
        bool scripts = (s->flags ^ t->flags) & LF_TOKEN_FOREIGN;
        lf_span_similarity(&x, &y, &edits);
        if (p->initial)
                tell(e, LF_MATCH_REASON_NAME_INITIAL, a, b, 0);
        else if (p->similarity == 1000 && s->spelling == t->spelling && s->flags == t->flags)
                tell(e, LF_MATCH_REASON_NAME_EXACT, a, b, 0);
        else if (scripts)
                tell(e, LF_MATCH_REASON_NAME_TRANSLITERATED, a, b, 0);
        else if (p->similarity == 1000)
                tell(e, LF_MATCH_REASON_NAME_SPELLING, a, b, 0);
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
                       const struct lf_name *theirs, unsigned room)
{
        unsigned most = room < PARTS_TOLD ? room : PARTS_TOLD;
        for (unsigned told = 0; told < most && told < al->n; told++) {
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
                       const struct lf_person_facts *theirs, unsigned tolerance, float share)
{
        unsigned years;
        switch (lf_birth_compare(own, theirs, tolerance, &years)) {
        case LF_BIRTH_EXACT:
                tell(e, LF_MATCH_REASON_BIRTH_EXACT, points(share), 0, 0);
                break;
        case LF_BIRTH_PARTIAL:
                tell(e, LF_MATCH_REASON_BIRTH_PARTIAL, points(share), 0, 0);
                break;
        case LF_BIRTH_NEAR:
                if (years == 0)
                        tell(e, LF_MATCH_REASON_BIRTH_SWAPPED, points(share), 0, 0);
                else
                        tell(e, LF_MATCH_REASON_BIRTH_NEAR, years, points(share), 0);
                break;
        case LF_BIRTH_DIFFERENT:
                tell(e, LF_MATCH_REASON_BIRTH_DIFFERENT, points(share), 0, 0);
                break;
        case LF_BIRTH_UNKNOWN:
                break;
        }
}

static void tell_class(struct lf_explanation *e, unsigned class)
{
        if (class != LF_NAME_PRIMARY)
                tell(e,
                     class == LF_NAME_WEAK       ? LF_MATCH_REASON_NAME_WEAK_ALIAS
                     : class == LF_NAME_NICKNAME ? LF_MATCH_REASON_NAME_NICKNAME
                                                 : LF_MATCH_REASON_NAME_ALIAS,
                     0, 0, 0);
}

void lf_person_explain(const struct lf_shard *shard, const struct lf_person_view *v, uint32_t row,
                       const struct lf_person_probe *probe, struct lf_explanation *ret)
{
        const struct lf_person_row *r = &v->row[row];
        struct lf_person_facts theirs = lf_person_facts_of(v, &v->detail[r->record]),
                               own = lf_probe_facts(probe);
        struct lf_name name = {.token = v->token + r->token, .n = r->n, .weight = r->weight};
        enum lf_document document = lf_document_compare(&own, &theirs);
        struct lf_alignment alignment;
        struct lf_explanation facts = {0};
        unsigned best = 0, ofac = 0, years = lf_birth_years(shard);
        float similarity = lf_probe_similarity(probe, &name, r->class, 0, &best, &alignment),
              named = similarity;
        if (shard->person.scoring == LF_PERSON_SCORING_OFAC)
                named = lf_probe_ofac(probe, v->text + r->text, r->class, &ofac);
        struct shares share = shares_of(named, document, &own, &theirs, years);
        tell_birth(&facts, &own, &theirs, years, share.birth);
        if (lf_sex_contradicts(&own, &theirs))
                tell(&facts, LF_MATCH_REASON_SEX_DIFFERENT, points(share.sex), 0, 0);
        if (lf_nationality_shared(&own, &theirs))
                tell(&facts, LF_MATCH_REASON_NATIONALITY_SAME, points(share.nationality), 0, 0);
        if (document != LF_DOCUMENT_NONE)
                tell(ret,
                     document == LF_DOCUMENT_EXACT ? LF_MATCH_REASON_DOCUMENT_EXACT
                                                   : LF_MATCH_REASON_DOCUMENT_SLIP,
                     points(share.document), 0, 0);
        if (ofac > 0)
                tell(ret, LF_MATCH_REASON_NAME_OFAC, ofac, 0, 0);
        if (similarity > 0) {
                const struct lf_person_name *n = &probe->name[best];
                struct lf_name mine = lf_name_over(probe->token + n->first, n->n);
                unsigned others =
                    ret->n + facts.n + (alignment.left_a || alignment.left_b) + (r->class != LF_NAME_PRIMARY);
                tell_names(ret, &alignment, &mine, &name, LF_EXPLANATION_MAX - others);
                tell_class(ret, r->class);
        }
        for (unsigned i = 0; i < facts.n; i++)
                tell(ret, facts.reason[i].code, facts.reason[i].a, facts.reason[i].b, facts.reason[i].c);
}
