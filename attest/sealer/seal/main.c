/* SPDX-License-Identifier: Apache-2.0
 * keyward-seal: seals the PIN that stands on standard input to the appliance's TPM, for the programs beside it and the
 * given configuration. The PIN is in locked memory here and nowhere else. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/sealer/measure.h"
#include "attest/sealer/seal/sealed.h"
#include "firmware/warden/configuration.h"

enum { exit_changed = 3 };

static struct {
	uint8_t room[tpm_secret_room + 2];
	size_t size;
} pin;

struct sealing {
	struct configuration configuration;
	uint8_t measurement[tpm_digest_size];
	char folder[PATH_MAX]; /* STATE, or STATE.new while the ceremony makes it */
	char tcti[PATH_MAX];
};

static void tpm_done(struct tpm **tpm)
{
	tpm_close(*tpm);
}

/* The configuration says where the sealer sees the TPM; outside its root the same lies at tpm.path. */
static void find_tpm(struct sealing *sealing)
{
	const struct configuration *on = &sealing->configuration;
	const char *at = strstr(on->tpm_tcti, "/tpm");
	const int lead = at == NULL ? 0 : (int)(at - on->tpm_tcti);
	if (at != NULL && (at[4] == '/' || at[4] == 0))
		snprintf(sealing->tcti, sizeof sealing->tcti, "%.*s%s%s", lead, on->tpm_tcti, on->tpm_path, at + 4);
	else
		snprintf(sealing->tcti, sizeof sealing->tcti, "%s", on->tpm_tcti);
}

static bool measure(struct sealing *sealing)
{
	char self[PATH_MAX];
	struct measure_problem problem;
	const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
	if (size <= 0)
		return fputs("The folder of the programs is unknown: /proc is not mounted\n", stderr) < 0;
	self[size] = 0;
	char *slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = 0;
	if (measure_appliance(self, sealing->configuration.file, sealing->measurement, &problem))
		return true;
	fprintf(stderr, "%s\n", problem.sentence);
	return false;
}

/* Up to the end of the line or of the file. */
static bool read_pin(void)
{
	while (pin.size < sizeof pin.room) {
		const ssize_t got = read(STDIN_FILENO, pin.room + pin.size, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || pin.room[pin.size] == '\n')
			break;
		pin.size++;
	}
	if (pin.size >= 16 && pin.size <= tpm_secret_room)
		return true;
	fprintf(stderr, "The PIN on standard input must have 16 to %d characters\n", (int)tpm_secret_room);
	return false;
}

static bool seal(const struct sealing *sealing, bool may_replace)
{
	uint8_t public[tpm_blob_room], private[tpm_blob_room], srk_name[tpm_name_room], predicted[tpm_digest_size];
	struct tpm_sealed sealed = {BUFFER(public), BUFFER(private), BUFFER(srk_name)};
	__attribute__((cleanup(tpm_done))) struct tpm *tpm = NULL;
	if (is_refused(tpm_open(sealing->tcti, &tpm))) {
		fprintf(stderr, "The TPM does not answer at %s\n", sealing->tcti);
		return false;
	}
	if (is_refused(tpm_pcr_predict(sealing->measurement, predicted)) ||
	    is_refused(
		tpm_seal(tpm, sealing->configuration.tpm_pcr, predicted, bytes_from(pin.room, pin.size), &sealed))) {
		fprintf(stderr, "The TPM does not seal the PIN: %s\n", tpm_problem(tpm));
		return false;
	}
	return sealed_write(sealing->folder, &sealed, sealing->measurement, may_replace);
}

static bool prepare(struct sealing *sealing, const char *file, bool has_state)
{
	struct stat about;
	if (!configuration_read(file, &sealing->configuration) || !measure(sealing))
		return false;
	find_tpm(sealing);
	snprintf(sealing->folder, sizeof sealing->folder, "%s%s", sealing->configuration.state,
		 has_state ? "" : ".new");
	if (!has_state && lstat(sealing->configuration.state, &about) == 0) {
		fprintf(stderr, "%s exists already; keyward-ceremony --reseal seals its PIN anew\n",
			sealing->configuration.state);
		return false;
	}
	if (has_state && lstat(sealing->configuration.state, &about) != 0) {
		fprintf(stderr, "The state folder %s cannot be found: %s; keyward-ceremony makes it\n",
			sealing->configuration.state, strerror(errno));
		return false;
	}
	return true;
}

int main(int count, char **arguments)
{
	static struct sealing sealing;
	clearenv();
	setenv("TSS2_LOG", "all+none", 1);
	const bool may_replace = count == 3 && strcmp(arguments[1], "--reseal") == 0;
	const bool is_check = count == 3 && strcmp(arguments[1], "--check") == 0;
	if (!(count == 2 && arguments[1][0] != '-') && !may_replace && !is_check) {
		fputs("usage: keyward-seal [--reseal | --check] CONFIGURATION\n", stderr);
		return 64;
	}
	if (!prepare(&sealing, arguments[count - 1], may_replace || is_check))
		return 1;
	if (is_check)
		return sealed_is_for(sealing.folder, sealing.measurement) ? 0 : exit_changed;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || mlock(&pin, sizeof pin) != 0) {
		fputs("The memory for the PIN cannot be locked\n", stderr);
		return 1;
	}
	const bool is_sealed = read_pin() && seal(&sealing, may_replace);
	explicit_bzero(&pin, sizeof pin);
	return is_sealed ? 0 : 1;
}
