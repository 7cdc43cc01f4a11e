#include <math.h>

#include "matcher/calibration.h"
#include "matcher/person_ofac.h"
#include "matcher/person_probe.h"

struct lf_person_facts lf_probe_facts(const struct lf_person_probe *p)
{
        return (struct lf_person_facts){.date = p->date,
                                        .nation = (const char(*)[3])p->nation,
                                        .document = p->document,
                                        .n_dates = p->n_dates,
                                        .n_nations = p->n_nations,
                                        .n_documents = p->n_documents,
                                        .sex = p->sex};
}

float lf_probe_similarity(const struct lf_person_probe *probe, const struct lf_name *name, unsigned class,
                          float floor, unsigned *ret_name, struct lf_alignment *ret_alignment)
{
        float best = 0;
        for (unsigned i = 0; i < probe->n_names; i++) {
                const struct lf_person_name *own = &probe->name[i];
                struct lf_alignment alignment;
                struct lf_name mine = lf_name_over(probe->token + own->first, own->n);
                float s = lf_name_similarity(&mine, name, floor, ret_alignment ? &alignment : NULL);
                s *= lf_class_factor(own->class, class);
                if (s <= best)
                        continue;
                best = s;
                if (ret_name)
                        *ret_name = i;
                if (ret_alignment)
                        *ret_alignment = alignment;
        }
        return best;
}

float lf_probe_ofac(const struct lf_person_probe *probe, const uint8_t *text, unsigned class,
                    unsigned *ret_points)
{
        float best = 0;
        for (unsigned i = 0; i < probe->n_names; i++) {
                struct lf_ofac_text own;
                lf_ofac_read((const char *)probe->text[i].byte, probe->text[i].n, &own);
                unsigned points = lf_ofac_points(own.letter, own.n, (const char *)text + 1, text[0]);
                float s = lf_ofac_score(points) * lf_class_factor(probe->name[i].class, class);
                if (s <= best)
                        continue;
                best = s;
                if (ret_points)
                        *ret_points = points;
        }
        return best;
}

static float gain(float score, float share)
{
        return score + (1 - score) * share;
}

float lf_class_factor(unsigned own, unsigned theirs)
{
        if (own == LF_NAME_WEAK || theirs == LF_NAME_WEAK)
                return LF_WEAK_LOSS;
        return own == LF_NAME_NICKNAME || theirs == LF_NAME_NICKNAME ? LF_NICKNAME_LOSS : 1;
}

float lf_person_score(float similarity, enum lf_document document, const struct lf_person_facts *probe,
                      const struct lf_person_facts *record, unsigned tolerance)
{
        float score = similarity;
        unsigned years;
        enum lf_birth birth = lf_birth_compare(probe, record, tolerance, &years);
        if (similarity >= LF_NAME_ALIKE) {
                if (birth == LF_BIRTH_EXACT)
                        score = gain(score, LF_BIRTH_GAIN);
                else if (birth == LF_BIRTH_PARTIAL)
                        score = gain(score, LF_BIRTH_PARTIAL_GAIN);
                if (lf_nationality_shared(probe, record))
                        score = gain(score, LF_NATIONALITY_GAIN);
                if (document == LF_DOCUMENT_SLIP)
                        score = gain(score, LF_SLIP_GAIN);
        }
        if (birth == LF_BIRTH_DIFFERENT)
                score *= LF_BIRTH_LOSS;
        else if (birth == LF_BIRTH_NEAR)
                score *= LF_BIRTH_NEAR_LOSS;
        if (lf_sex_contradicts(probe, record))
                score *= LF_SEX_LOSS;
        return document == LF_DOCUMENT_EXACT ? LF_DOCUMENT_SCORE + (1 - LF_DOCUMENT_SCORE) * score : score;
}

/* The share of impostor comparisons, in decades, that reach a score; between the knots linear in the
 * logarithm. Measured by names alone (`landfall eval person --list`, 2026-11-22): invented people of many
 * languages and scripts, half from the Americas, half from anywhere, against each of the 17,005 names and
 * aliases of the individuals on OFAC's list of 2024-05-03. The knots are of the odd rows of them, 426 million
 * comparisons; the even rows agree with them within 12% up to 0.81, a quarter at 0.87 and a factor of 1.7 at
 * 0.90, which 45 and 26 comparisons reach. Above it the line goes on as it fell before: three of both reach
 * 0.93, none 0.96. Most of those are Korean: of few names, and written in a few syllables. Below 0.45 it is
 * drawn to the origin, which says more false matches than there are. */
static const struct {
        float score, log10_fmr;
} knots[] = {
    {0.00f, 0.00f},  {0.45f, -3.78f}, {0.51f, -4.16f}, {0.57f, -4.53f}, {0.63f, -4.92f}, {0.69f, -5.35f},
    {0.75f, -5.79f}, {0.81f, -6.42f}, {0.87f, -6.85f}, {0.90f, -6.98f}, {1.00f, -9.00f},
};

float lf_person_log10_fmr(float score)
{
        if (!(score > 0))
                return 0;
        unsigned n = sizeof knots / sizeof knots[0];
        for (unsigned i = 1; i < n; i++) {
                if (score > knots[i].score)
                        continue;
                float t = (score - knots[i - 1].score) / (knots[i].score - knots[i - 1].score);
                return knots[i - 1].log10_fmr + t * (knots[i].log10_fmr - knots[i - 1].log10_fmr);
        }
        return knots[n - 1].log10_fmr;
}

float lf_person_score_at(float log10_fmr)
{
        return lf_calibration_score_at(lf_person_log10_fmr, 0, 1, log10_fmr);
}
