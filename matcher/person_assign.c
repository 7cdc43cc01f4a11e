#include "matcher/person_assign.h"

#include <stdbool.h>
#include <string.h>

/* The best of each row, if it is alone the best there and of no other row: then nothing is better. */
static bool best_of_rows(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *partner)
{
        uint32_t used = 0;
        for (unsigned i = 0; i < n; i++) {
                uint32_t best = 0, second = 0;
                partner[i] = -1;
                for (unsigned j = 0; j < m; j++) {
                        uint32_t v = value[i][j], lesser = v < best ? v : best;
                        second = lesser > second ? lesser : second;
                        partner[i] = v > best ? (int8_t)j : partner[i];
                        best = v > best ? v : best;
                }
                if (best == 0)
                        continue;
                if (best == second || used >> partner[i] & 1)
                        return false;
                used |= 1u << partner[i];
        }
        return true;
}

/* The same of columns. */
static bool best_of_columns(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *partner)
{
        memset(partner, -1, n);
        for (unsigned j = 0; j < m; j++) {
                uint32_t best = 0, second = 0;
                unsigned row = 0;
                for (unsigned i = 0; i < n; i++) {
                        uint32_t v = value[i][j], lesser = v < best ? v : best;
                        second = lesser > second ? lesser : second;
                        row = v > best ? i : row;
                        best = v > best ? v : best;
                }
                if (best == 0)
                        continue;
                if (best == second || partner[row] >= 0)
                        return false;
                partner[row] = (int8_t)j;
        }
        return true;
}

/* The Hungarian method with potentials and shortest augmenting paths (R. Jonker, A. Volgenant, A shortest
 * augmenting path algorithm for dense and sparse linear assignment problems, Computing 38, 1987). Costs are
 * negated values; the matrix is padded to a square with zeros. Row and column 0 are sentinels. */
static void solve(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *partner)
{
        unsigned size = n > m ? n : m;
        int32_t u[LF_ASSIGN_MAX + 1] = {0}, v[LF_ASSIGN_MAX + 1] = {0}, least[LF_ASSIGN_MAX + 1];
        unsigned row_of[LF_ASSIGN_MAX + 1] = {0}, way[LF_ASSIGN_MAX + 1] = {0};
        for (unsigned i = 1; i <= size; i++) {
                bool used[LF_ASSIGN_MAX + 1] = {false};
                for (unsigned j = 0; j <= size; j++)
                        least[j] = INT32_MAX;
                unsigned at = 0;
                row_of[0] = i;
                do {
                        unsigned r = row_of[at], next = 0;
                        int32_t delta = INT32_MAX;
                        used[at] = true;
                        for (unsigned j = 1; j <= size; j++) {
                                if (used[j])
                                        continue;
                                int32_t c = r <= n && j <= m ? -(int32_t)value[r - 1][j - 1] : 0;
                                int32_t reduced = c - u[r] - v[j];
                                if (reduced < least[j])
                                        least[j] = reduced, way[j] = at;
                                if (least[j] < delta)
                                        delta = least[j], next = j;
                        }
                        for (unsigned j = 0; j <= size; j++) {
                                if (used[j])
                                        u[row_of[j]] += delta, v[j] -= delta;
                                else if (least[j] != INT32_MAX)
                                        least[j] -= delta;
                        }
                        at = next;
                } while (row_of[at] != 0);
                for (; at; at = way[at])
                        row_of[at] = row_of[way[at]];
        }
        memset(partner, -1, n);
        for (unsigned j = 1; j <= m; j++)
                if (row_of[j] <= n && value[row_of[j] - 1][j - 1])
                        partner[row_of[j] - 1] = (int8_t)(j - 1);
}

uint64_t lf_assign(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *ret_partner)
{
        if (!best_of_rows(value, n, m, ret_partner) && !best_of_columns(value, n, m, ret_partner))
                solve(value, n, m, ret_partner);
        uint64_t sum = 0;
        for (unsigned i = 0; i < n; i++)
                if (ret_partner[i] >= 0)
                        sum += value[i][ret_partner[i]];
        return sum;
}
