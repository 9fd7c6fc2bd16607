# SPDX-License-Identifier: Apache-2.0
"""A real appliance, a device with a TPM of its own, and a tracer that ends a process at a step of its choice."""
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

here = os.path.dirname(os.path.abspath(__file__))
host = os.path.join(here, "..", "..", "firmware", "host")
running = []


def children_of(pid):
    found = {}
    for one in os.listdir("/proc"):
        try:
            fields = open(f"/proc/{one}/stat").read().rpartition(")")[2].split() if one.isdigit() else []
            if fields and int(fields[1]) == pid and fields[0] != "Z":
                found[os.readlink(f"/proc/{one}/exe").rpartition("/")[2]] = int(one)
        except OSError:
            pass
    return found


class Place:
    """Where everything of one test lies."""

    def __init__(self, build, port):
        self.build = os.path.abspath(build)
        self.work = tempfile.mkdtemp(prefix="keyward-crash.", dir="/tmp")
        os.chmod(self.work, 0o755)
        self.programs = os.path.join(self.work, "bin")  # a copy: a build meanwhile is a change that the TPM would see
        shutil.copytree(os.path.join(self.build, "bin"), self.programs)
        self.folder = os.path.join(self.work, "a")
        self.state = os.path.join(self.folder, "state")
        self.url = f"https://localhost:{port}/acme/devices/directory"
        text = open(os.path.join(host, "keyward.conf")).read().replace("port = 8443", f"port = {port}")
        text = text.replace("orders_per_device = 60", "orders_per_device = 0").replace("orders_per_account = 1000", "orders_per_account = 0")
        open(os.path.join(self.work, "conf"), "w").write(text)

    def said(self):
        return open(os.path.join(self.work, "said")).read()

    def log(self):
        folder = f"{self.state}/log"
        return "".join(open(f"{folder}/{name}", errors="replace").read() for name in sorted(os.listdir(folder)))

    def clean(self, keep):
        for process in reversed(running):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
        if keep:
            print(f"# what is left lies in {self.work}")
        else:
            shutil.rmtree(self.work, ignore_errors=True)


class Appliance:
    def __init__(self, place, demonstration=False):
        self.place = place
        more = [] if demonstration else ["--no-demonstration"]
        self.script = subprocess.Popen(
            [os.path.join(host, "run"), place.programs, place.folder, "--configuration",
             os.path.join(place.work, "conf"), *more],
            stdout=subprocess.PIPE, stderr=open(os.path.join(place.work, "said"), "ab"), stdin=subprocess.DEVNULL)
        running.append(self.script)
        last = b"The appliance serves" if demonstration else b"ready:"
        self.is_ready = any(line.startswith(last) for line in iter(self.script.stdout.readline, b""))
        self.warden = children_of(self.script.pid).get("keyward-warden")

    def child(self, name, patience=20):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            pid = children_of(self.warden).get("keyward-" + name)
            if pid:
                return pid
            time.sleep(0.02)
        return None

    def stop(self):
        self.script.terminate()
        self.script.wait(30)
        running.remove(self.script)


class Device:
    """A device with a software TPM of its own, made by the demonstration of the first start."""

    def __init__(self, place):
        self.place = place
        self.received, self.revoked, self.refused, self.errors = set(), set(), 0, []
        socket = os.path.join(place.work, "tpm")
        self.tpm = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={place.folder}/device-tpm-state", "--flags",
             "not-need-init,startup-clear", "--server", f"type=unixio,path={socket}", "--ctrl",
             f"type=unixio,path={socket}.ctrl"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(self.tpm)
        while not os.path.exists(socket) or not os.path.exists(socket + ".ctrl"):
            time.sleep(0.02)
        self.common = [f"{place.programs}/keyward-enroll", "--tcti", f"swtpm:path={socket}", "--directory", place.url,
                       "--root", f"{place.state}/root.pem", "--audit", f"{place.folder}/audit.pem"]

    def keep(self, where):
        for name in "certificate.pem", "ak.pem":
            path = os.path.join(where, name)
            if os.path.exists(path):
                for block in open(path).read().split("-----BEGIN CERTIFICATE-----")[1:2]:
                    text = "-----BEGIN CERTIFICATE-----" + block.split("-----END")[0] + "-----END CERTIFICATE-----"
                    self.received.add(ssl.PEM_cert_to_DER_cert(text))

    def begin(self, new):
        self.where = os.path.join(self.place.work, "fresh") if new else os.path.join(self.place.folder, "device")
        if new:
            shutil.rmtree(self.where, ignore_errors=True)
        return subprocess.Popen([*self.common, "--state", self.where], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def begin_revocation(self):
        """Of the certificate that the device has now."""
        self.where = os.path.join(self.place.folder, "device")
        return subprocess.Popen([*self.common, "--state", self.where, "--reason", "4", "revoke"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def end_revocation(self, process):
        """Whether the client was told that the certificate is revoked."""
        text = open(os.path.join(self.where, "certificate.pem")).read().partition("-----END")[0]
        is_told = self.end(process) or "is revoked" in self.error
        if is_told:
            self.revoked.add(ssl.PEM_cert_to_DER_cert(text + "-----END CERTIFICATE-----\n"))
        return is_told

    def end(self, process):
        try:
            self.error = process.communicate(timeout=60)[1].decode()
        except subprocess.TimeoutExpired:
            process.kill()
            self.error = process.communicate()[1].decode() + "did not end within a minute"
        self.keep(self.where)
        return process.returncode == 0

    def enrol(self, new=False):
        return self.end(self.begin(new))

    def enrol_within(self, patience=20):
        """Again and again until it works: what went wrong, or None."""
        until = time.monotonic() + patience
        while not self.enrol():
            if time.monotonic() > until:
                return f"no enrolment works within {patience} s: {self.error}"
            time.sleep(0.1)
        return None


class Tracer:
    """Follows a process from here on, until it is ended, or ends it at a step: (after, call, what, count)."""

    def __init__(self, place, pid, step=()):
        self.path = os.path.join(place.work, f"trace-{pid}")
        self.process = subprocess.Popen(
            [os.path.join(place.build, "helpers", "crash-tracer"), str(pid), *map(str, step)],
            stdout=open(self.path, "wb"), stdin=subprocess.DEVNULL)
        running.append(self.process)
        while not open(self.path).readline():
            assert self.process.poll() is None, "a process cannot be traced"
            time.sleep(0.005)

    def end(self):
        """The lines of the trace."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        running.remove(self.process)
        whole = open(self.path).read().rpartition("\n")[0]
        return whole.split("\n")[1:]
