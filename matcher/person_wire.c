#include "matcher/person_wire.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "matcher/person_table.h"

#define DOCUMENT_HEAD 4

struct field {
        uint8_t type;
        uint16_t n;
        const uint8_t *value;
};

/* 0, or the defect; *bad is where within the value. */
typedef enum lf_defect_code read_field(const struct field *f, struct lf_person_room *room, size_t *bad);

static enum lf_defect_code check_text(const uint8_t *text, size_t n, size_t *bad)
{
        const uint8_t *p = text;
        while (p < text + n) {
                if (*p < 0x80) {
                        p++;
                } else if (lf_utf8_next(&p, text + n) < 0) {
                        *bad = (size_t)(p - text);
                        return LF_DEFECT_ENCODING;
                }
        }
        return LF_DEFECT_NONE;
}

static enum lf_defect_code read_name(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        if (f->n == 0)
                return LF_DEFECT_FIELD;
        if (f->n > LF_PERSON_NAME_MAX || room->n_names == room->max_names)
                return LF_DEFECT_TOO_LONG;
        enum lf_defect_code defect = check_text(f->value, f->n, bad);
        if (defect)
                return defect;
        unsigned left = (unsigned)room->max_tokens - room->n_tokens;
        int n = lf_name_fold(f->value, f->n, room->token + room->n_tokens,
                             left < LF_NAME_TOKENS ? left : LF_NAME_TOKENS);
        if (n < 0)
                return LF_DEFECT_TOO_LONG;
        static const uint8_t classes[] = {[LF_PERSON_NAME] = LF_NAME_PRIMARY,
                                          [LF_PERSON_ALIAS] = LF_NAME_ALIAS,
                                          [LF_PERSON_WEAK_ALIAS] = LF_NAME_WEAK,
                                          [LF_PERSON_NICKNAME] = LF_NAME_NICKNAME};
        room->text[room->n_names] = (struct lf_person_text){f->value, (uint8_t)f->n};
        room->name[room->n_names++] =
            (struct lf_person_name){.first = room->n_tokens, .n = (uint8_t)n, .class = classes[f->type]};
        room->n_tokens = (uint16_t)(room->n_tokens + n);
        return LF_DEFECT_NONE;
}

static bool calendar_date(unsigned year, unsigned month, unsigned day)
{
        static const uint8_t days[13] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (year > 9999 || month > 12 || (year == 0 && month == 0) || (day != 0 && month == 0) ||
            day > days[month])
                return false;
        bool leap = year == 0 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        return month != 2 || day != 29 || leap;
}

static enum lf_defect_code read_birth(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        if (f->n != 4)
                return LF_DEFECT_FIELD;
        struct lf_person_date d = {.first_year = lf_get_le16(f->value)};
        if (f->type == LF_PERSON_BIRTH) {
                d.last_year = d.first_year;
                d.month = f->value[2];
                d.day = f->value[3];
                if (!calendar_date(d.first_year, d.month, d.day))
                        return LF_DEFECT_DATE;
        } else {
                d.last_year = lf_get_le16(f->value + 2);
                if (d.first_year == 0 || d.last_year < d.first_year || d.last_year > 9999)
                        return LF_DEFECT_DATE;
        }
        if (room->n_dates == room->max_dates)
                return LF_DEFECT_TOO_LONG;
        room->date[room->n_dates++] = d;
        return LF_DEFECT_NONE;
}

static enum lf_defect_code read_sex(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        if (f->n != 1 || !f->value[0] || !strchr("MFX", f->value[0]))
                return LF_DEFECT_FIELD;
        room->sex = (char)f->value[0];
        return LF_DEFECT_NONE;
}

static enum lf_defect_code read_entity(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        if (f->n != 1 || !f->value[0] || !strchr("PEVA", f->value[0]))
                return LF_DEFECT_FIELD;
        room->entity = (char)f->value[0];
        return LF_DEFECT_NONE;
}

/* One to three letters and padding, to alpha-3 where it is a country's alpha-2; D<< is Germany in travel
 * documents (ICAO Doc 9303-3, section 5). All padding is an unknown country. */
static bool read_country(const uint8_t *value, size_t n, char out[3])
{
        char c[4] = "<<<";
        size_t letters = 0;
        for (size_t i = 0; i < n; i++) {
                uint8_t l = value[i] >= 'a' && value[i] <= 'z' ? (uint8_t)(value[i] - 'a' + 'A') : value[i];
                if (l == '<')
                        continue;
                if (l < 'A' || l > 'Z' || letters != i)
                        return false;
                c[letters++] = (char)l;
        }
        if (letters == 1 && c[0] == 'D')
                memcpy(c, "DEU", 3);
        for (unsigned i = 0; letters == 2 && i < lf_countries; i++) {
                if (!memcmp(lf_country[i].two, c, 2)) {
                        memcpy(c, lf_country[i].three, 3);
                        break;
                }
        }
        memcpy(out, c, 3);
        return true;
}

static enum lf_defect_code read_nationality(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        char c[3];
        if (f->n < 1 || f->n > 3 || !read_country(f->value, f->n, c) || c[0] == '<')
                return LF_DEFECT_FIELD;
        if (room->n_nations == room->max_nations)
                return LF_DEFECT_TOO_LONG;
        memcpy(room->nation[room->n_nations++], c, 3);
        return LF_DEFECT_NONE;
}

static enum lf_defect_code read_document(const struct field *f, struct lf_person_room *room, size_t *bad)
{
        if (f->n <= DOCUMENT_HEAD)
                return LF_DEFECT_FIELD;
        if (f->n > DOCUMENT_HEAD + LF_DOCUMENT_NUMBER || room->n_documents == room->max_documents)
                return LF_DEFECT_TOO_LONG;
        struct lf_person_document d = {.kind = (char)f->value[0]};
        if (!d.kind || !strchr("PIVO", d.kind) || !read_country(f->value + 1, 3, d.country))
                return LF_DEFECT_FIELD;
        enum lf_defect_code defect = check_text(f->value + DOCUMENT_HEAD, f->n - DOCUMENT_HEAD, bad);
        if (defect) {
                *bad += DOCUMENT_HEAD;
                return defect;
        }
        d.n = (uint8_t)lf_number_fold(f->value + DOCUMENT_HEAD, f->n - DOCUMENT_HEAD, d.number,
                                      sizeof d.number);
        if (d.n == 0)
                return LF_DEFECT_FIELD;
        room->document[room->n_documents++] = d;
        return LF_DEFECT_NONE;
}

static read_field *const readers[] = {
    [LF_PERSON_NAME] = read_name,
    [LF_PERSON_ALIAS] = read_name,
    [LF_PERSON_WEAK_ALIAS] = read_name,
    [LF_PERSON_BIRTH] = read_birth,
    [LF_PERSON_BIRTH_RANGE] = read_birth,
    [LF_PERSON_SEX] = read_sex,
    [LF_PERSON_NATIONALITY] = read_nationality,
    [LF_PERSON_DOCUMENT] = read_document,
    [LF_PERSON_ENTITY] = read_entity,
    [LF_PERSON_NICKNAME] = read_name,
};

/* Of Hangul there is only the other reading; of Thai and Lao there are both. */
static bool replaced(const struct lf_token *token, unsigned n)
{
        for (unsigned i = 0; i < n; i++)
                if (token[i].flags & LF_TOKEN_BY_SOUND)
                        return false;
        return token[0].flags & LF_TOKEN_HANGUL;
}

/* Other readings stand behind all names, as the index wants the words of names in the order of the names: one
 * that is replaced is emptied. */
static void add_readings(struct lf_person_room *room)
{
        for (unsigned i = 0, n = room->n_names; i < n; i++) {
                struct lf_person_name *name = &room->name[i];
                const struct lf_token *token = room->token + name->first;
                unsigned words = lf_name_fold_other(room->text[i].byte, room->text[i].n, token, name->n,
                                                    room->token + room->n_tokens);
                if (words == 0)
                        continue;
                room->text[room->n_names] = room->text[i];
                room->name[room->n_names++] = (struct lf_person_name){
                    .first = room->n_tokens, .n = (uint8_t)words, .class = name->class};
                room->n_tokens = (uint16_t)(room->n_tokens + words);
                if (replaced(token, name->n))
                        name->n = 0;
        }
}

static int defective(struct lf_defect *ret, enum lf_defect_code code, size_t offset)
{
        *ret = (struct lf_defect){.code = (uint16_t)code, .offset = (uint32_t)offset};
        return -EBADMSG;
}

int lf_person_read(const void *wire, size_t size, struct lf_person_room *room, struct lf_defect *ret_defect)
{
        room->n_names = room->n_tokens = room->n_dates = room->n_nations = room->n_documents = 0;
        room->sex = 0;
        room->entity = 'P';
        if (size > LF_PERSON_RECORD_MAX)
                return defective(ret_defect, LF_DEFECT_TOO_LONG, LF_PERSON_RECORD_MAX);
        struct lf_reader r = lf_reader_over(wire, size);
        while (lf_reader_left(&r) > 0) {
                size_t at = lf_reader_offset(&r), bad = 0;
                struct field f = {.type = lf_reader_u8(&r), .n = lf_reader_le16(&r)};
                f.value = lf_reader_take(&r, f.n);
                if (r.failed)
                        return defective(ret_defect, LF_DEFECT_TRUNCATED, at);
                if (f.type >= sizeof readers / sizeof readers[0] || !readers[f.type])
                        continue;
                enum lf_defect_code defect = readers[f.type](&f, room, &bad);
                if (defect == LF_DEFECT_ENCODING)
                        at = (size_t)(f.value - r.start) + bad;
                if (defect)
                        return defective(ret_defect, defect, at);
        }
        if (room->n_tokens == 0 && room->n_documents == 0)
                return defective(ret_defect, LF_DEFECT_NO_NAME, 0);
        if (room->entity == 'P')
                add_readings(room);
        return 0;
}
