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
        for (unsigned i = 0; i < n; i++) {
                lf_open_datagram(io, &burst[i]);
                rte_pktmbuf_free(burst[i].mbuf);
        }
        return n;
}
/* Exits: datagrams, to open. Frames that are none: frame_not_ours, frame_malformed, frame_fragment. */
