/* landfall site init: makes a site. */
#include "control/site/site.h"
#include "dataplane/lsp_cert.h"
#include "tools/commands.h"
#include "tools/lane/commands.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: landfall site init DIR [--name NAME] [--address HOST]... [--passphrase-file FILE] [--json]\n"
    "\n"
    "Makes the site in DIR, which must not exist: the authority that signs lanes, the appliance's identity "
    "and\n"
    "certificate, the keys of log, vault and write-ahead log, and an empty registry of lanes.\n"
    "\n"
    "  --name NAME             of the site: a-z 0-9 . _ -  (default: landfall)\n"
    "  --address HOST          host name or IP address for the appliance's certificate; up to 16 times\n"
    "  --passphrase-file FILE  encrypts the authority's key; enrolling needs the file again\n"
    "\n"
    "Afterwards: give DIR/vault.share-a and DIR/vault.share-b to two people, and DIR/audit.verifier to "
    "whoever\n"
    "is to check the log.\n";

static int report(const char *dir, bool json)
{
        struct lf_site *site = NULL;
        char id[33];
        int r = lf_site_open(dir, &site);
        if (r < 0) {
                fprintf(stderr, "landfall: %s: made, but cannot be opened: %s\n", dir, strerror(-r));
                return LF_EXIT_FAILED;
        }
        lsp_hex_write(lf_site_appliance(site), 16, id);
        if (json) {
                json_t *j = json_pack("{s:s, s:s, s:s}", "site", lf_site_name(site), "appliance", id,
                                      "directory", dir);
                json_dumpf(j, stdout, JSON_INDENT(2));
                putchar('\n');
                json_decref(j);
        } else {
                printf("site %s made in %s: appliance %s\n", lf_site_name(site), dir, id);
        }
        lf_site_close(site);
        return LF_EXIT_OK;
}

static int init(int argc, char **argv)
{
        static const struct option options[] = {
            {"name", 1, 0, 'n'}, {"address", 1, 0, 'a'}, {"passphrase-file", 1, 0, 'p'},
            {"json", 0, 0, 'j'}, {"help", 0, 0, 'h'},    {0}};
        struct lf_site_init_options o = {.name = "landfall"};
        bool json = false;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 'n') {
                        o.name = optarg;
                } else if (c == 'a' && o.addresses < LF_SITE_ADDRESSES) {
                        o.address[o.addresses++] = optarg;
                } else if (c == 'p') {
                        o.passphrase_file = optarg;
                } else if (c == 'j') {
                        json = true;
                } else {
                        fputs(help, c == 'h' ? stdout : stderr);
                        return c == 'h' ? LF_EXIT_OK : LF_EXIT_USAGE;
                }
        }
        if (optind + 1 != argc) {
                fputs(help, stderr);
                return LF_EXIT_USAGE;
        }
        int r = lf_site_init(argv[optind], &o);
        if (r == -EINVAL) {
                fprintf(stderr, "landfall: a name or address that cannot be\n");
                return LF_EXIT_USAGE;
        }
        if (r < 0) {
                fprintf(stderr, "landfall: %s: %s\n", argv[optind],
                        r == -EEXIST ? "exists: nothing is overwritten" : strerror(-r));
                return LF_EXIT_FAILED;
        }
        return report(argv[optind], json);
}

int lf_cmd_site(int argc, char **argv)
{
        if (argc >= 2 && strcmp(argv[1], "init") == 0)
                return init(argc - 1, argv + 1);
        bool asked = argc >= 2 && strcmp(argv[1], "--help") == 0;
        fputs(help, asked ? stdout : stderr);
        return asked ? LF_EXIT_OK : LF_EXIT_USAGE;
}
