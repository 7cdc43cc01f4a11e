#include "control/config/config.h"
#include "control/replica/replica.h"

#include <string.h>

struct lf_replica_dataset lf_replica_dataset_of(const struct lf_config_dataset *d)
{
        struct lf_replica_dataset r = {.number = (uint16_t)d->number,
                                       .modality = (uint8_t)d->modality,
                                       .scoring = (uint8_t)d->scoring,
                                       .birth_years = (uint8_t)d->birth_tolerance,
                                       .categories = d->categories};
        strcpy(r.feed_dir, d->feed.directory);
        strcpy(r.feed_key, d->feed.key);
        strcpy(r.keyring, d->feed.keyring);
        return r;
}
