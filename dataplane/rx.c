#include "dataplane/path.h"

unsigned lf_rx(struct lf_io *io)
{
        struct lf_datagram burst[LF_BURST];
        uint64_t drops[3] = {0};
        unsigned n = lf_port_rx(io->dp->port, io->index, burst, LF_BURST, drops);
        for (unsigned i = 0; i < 3; i++)
                if (drops[i])
                        lf_count(&io->k->drop[LF_DROP_frame_not_ours + i], drops[i]);
        if (n == 0)
                return 0;
        lf_count(&io->k->received, n);
        lf_mark(io, LF_STAGE_rx, n);
        for (unsigned i = 0; i < n + LF_OPEN_STEPS; i++) {
                for (unsigned step = 0; step < LF_OPEN_STEPS; step++)
                        if (i >= step && i - step < n)
                                lf_open_prefetch(io, &burst[i - step], step);
                if (i < LF_OPEN_STEPS)
                        continue;
                lf_open_datagram(io, &burst[i - LF_OPEN_STEPS]);
                rte_pktmbuf_free(burst[i - LF_OPEN_STEPS].mbuf);
        }
        return n;
}
/* Exits: datagrams, to open. Frames that are none: frame_not_ours, frame_malformed, frame_fragment. */
