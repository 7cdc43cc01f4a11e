#include "control/config/names.h"

#include "dataplane/handover.h"
#include "dataplane/lsp.h"
#include "dataplane/policy.h"
#include "matcher/shard.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const struct lf_name lf_purpose_names[] = {{"border-check", LSP_PURPOSE_BORDER_CHECK},
                                           {"visa", LSP_PURPOSE_VISA},
                                           {"asylum", LSP_PURPOSE_ASYLUM},
                                           {"law-enforcement", LSP_PURPOSE_LAW_ENFORCEMENT},
                                           {"sanctions", LSP_PURPOSE_SANCTIONS},
                                           {"customs", LSP_PURPOSE_CUSTOMS},
                                           {"aviation-security", LSP_PURPOSE_AVIATION_SECURITY},
                                           {"missing-person", LSP_PURPOSE_MISSING_PERSON},
                                           {NULL, 0}};

const struct lf_name lf_role_names[] = {{"egate", LF_ROLE_EGATE},     {"desk", LF_ROLE_DESK},
                                        {"kiosk", LF_ROLE_KIOSK},     {"gateway", LF_ROLE_GATEWAY},
                                        {"officer", LF_ROLE_OFFICER}, {"supervisor", LF_ROLE_SUPERVISOR},
                                        {"cargo", LF_ROLE_CARGO},     {NULL, 0}};

const struct lf_name lf_need_names[] = {
    {"officer", LF_NEEDS_OFFICER}, {"warrant", LF_NEEDS_WARRANT}, {NULL, 0}};

const struct lf_name lf_subject_names[] = {
    {"traveller", LSP_SUBJECT_TRAVELLER},     {"crew", LSP_SUBJECT_CREW},
    {"applicant", LSP_SUBJECT_APPLICANT},     {"minor", LSP_SUBJECT_MINOR},
    {"consignment", LSP_SUBJECT_CONSIGNMENT}, {NULL, 0}};

const struct lf_name lf_encounter_names[] = {{"primary", LSP_ENCOUNTER_PRIMARY},
                                             {"secondary", LSP_ENCOUNTER_SECONDARY},
                                             {"advance", LSP_ENCOUNTER_ADVANCE},
                                             {"departure", LSP_ENCOUNTER_DEPARTURE},
                                             {NULL, 0}};

const struct lf_name lf_priority_names[] = {{"live", LSP_PRIORITY_LIVE},
                                            {"desk", LSP_PRIORITY_DESK},
                                            {"manifest", LSP_PRIORITY_MANIFEST},
                                            {"batch", LSP_PRIORITY_BATCH},
                                            {NULL, 0}};

const struct lf_name lf_modality_names[] = {{"fingerprint", LF_MODALITY_FINGERPRINT},
                                            {"iris", LF_MODALITY_IRIS},
                                            {"face", LF_MODALITY_FACE},
                                            {"person", LF_MODALITY_PERSON},
                                            {"consignment", LF_MODALITY_CONSIGNMENT},
                                            {NULL, 0}};

const struct lf_name lf_scoring_names[] = {
    {"landfall", LF_PERSON_SCORING_LANDFALL}, {"ofac", LF_PERSON_SCORING_OFAC}, {NULL, 0}};

const struct lf_name lf_birth_names[] = {{"0", 1}, {"1", 2}, {"2", 3},   {"3", 4}, {"4", 5},
                                         {"5", 6}, {"7", 8}, {"10", 11}, {NULL, 0}};

const struct lf_name lf_port_names[] = {{"af_xdp", LF_PORT_AF_XDP},
                                        {"memif", LF_PORT_MEMIF},
                                        {"udp", LF_PORT_UDP},
                                        {"pci", LF_PORT_PCI},
                                        {NULL, 0}};

const struct lf_name lf_core_role_names[] = {{"io", LF_ROLE_IO}, {"match", LF_ROLE_MATCH}, {NULL, 0}};

int lf_name_value(const struct lf_name *list, const char *name, uint32_t *ret)
{
        for (; list->name; list++) {
                if (strcmp(list->name, name) == 0) {
                        *ret = list->value;
                        return 0;
                }
        }
        return -ENOENT;
}

const char *lf_value_name(const struct lf_name *list, uint32_t value)
{
        for (; list->name; list++)
                if (list->value == value)
                        return list->name;
        return "unknown";
}
