#include "matcher/person_assign.h"

#include <stdbool.h>
#include <string.h>

/* No row and no column has two values: nothing has to be decided. */
static bool settled(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *partner)
{
        uint32_t used = 0;
        for (unsigned i = 0; i < n; i++) {
                partner[i] = -1;
                for (unsigned j = 0; j < m; j++) {
                        if (!value[i][j])
                                continue;
                        if (partner[i] >= 0 || used & 1u << j)
                                return false;
                        partner[i] = (int8_t)j;
                        used |= 1u << j;
                }
        }
        return true;
}

/* The Hungarian method with potentials and shortest augmenting paths (R. Jonker, A. Volgenant, A shortest
 * augmenting path algorithm for dense and sparse linear assignment problems, Computing 38, 1987). Costs are
 * negated values; the matrix is padded to a square with zeros. Row and column 0 are sentinels. */
static void solve(const uint32_t (*value)[LF_ASSIGN_MAX], unsigned n, unsigned m, int8_t *partner)
{
        unsigned size = n > m ? n : m;
        int64_t u[LF_ASSIGN_MAX + 1] = {0}, v[LF_ASSIGN_MAX + 1] = {0}, least[LF_ASSIGN_MAX + 1];
        unsigned row_of[LF_ASSIGN_MAX + 1] = {0}, way[LF_ASSIGN_MAX + 1] = {0};
        for (unsigned i = 1; i <= size; i++) {
                bool used[LF_ASSIGN_MAX + 1] = {false};
                for (unsigned j = 0; j <= size; j++)
                        least[j] = INT64_MAX;
                unsigned at = 0;
                row_of[0] = i;
                do {
                        unsigned r = row_of[at], next = 0;
                        int64_t delta = INT64_MAX;
                        used[at] = true;
                        for (unsigned j = 1; j <= size; j++) {
                                if (used[j])
                                        continue;
                                int64_t c = r <= n && j <= m ? -(int64_t)value[r - 1][j - 1] : 0;
                                int64_t reduced = c - u[r] - v[j];
                                if (reduced < least[j])
                                        least[j] = reduced, way[j] = at;
                                if (least[j] < delta)
                                        delta = least[j], next = j;
                        }
                        for (unsigned j = 0; j <= size; j++) {
                                if (used[j])
                                        u[row_of[j]] += delta, v[j] -= delta;
                                else if (least[j] != INT64_MAX)
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
        if (!settled(value, n, m, ret_partner))
                solve(value, n, m, ret_partner);
        uint64_t sum = 0;
        for (unsigned i = 0; i < n; i++)
                if (ret_partner[i] >= 0)
                        sum += value[i][ret_partner[i]];
        return sum;
}
