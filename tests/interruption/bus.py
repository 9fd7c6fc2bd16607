# SPDX-License-Identifier: Apache-2.0
"""Stands between a program and swtpm's two sockets, and does one thing to one command."""
import os
import socket
import struct
import threading


def whole(connection):
    """One command or response (TPM 2.0 Part 1, 18): tag, size, code, and the rest. Nothing at the end."""
    octets = b""
    while len(octets) < 10 or len(octets) < struct.unpack(">I", octets[2:6])[0]:
        piece = connection.recv(8192)
        if not piece:
            return b""
        octets += piece
    return octets


class Bus:
    def __init__(self, real, shown):
        self.real, self.tcti = real, f"swtpm:path={shown}"
        self.begin()
        for path, serve in ((shown, self.commands), (shown + ".ctrl", self.control)):
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(path)
            listening.listen(16)
            threading.Thread(target=self.accept, args=(listening, serve), daemon=True).start()

    def begin(self, at=0, deed=None):
        """From now on the at-th command is met with `deed`: fail, garble or cut."""
        self.count, self.at, self.deed = 0, at, deed

    @staticmethod
    def accept(listening, serve):
        while True:
            client = listening.accept()[0]
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def control(self, client):
        with client, socket.socket(socket.AF_UNIX) as tpm:
            tpm.connect(self.real + ".ctrl")
            while piece := client.recv(8192):
                tpm.sendall(piece)
                client.sendall(tpm.recv(8192))

    def commands(self, client):
        try:
            with client, socket.socket(socket.AF_UNIX) as tpm:
                tpm.connect(self.real)
                while command := whole(client):
                    client.sendall(self.answer(tpm, command))
        except (OSError, ConnectionError):
            pass

    def answer(self, tpm, command):
        self.count += 1
        deed = self.deed if self.count == self.at else None
        if deed == "fail":  # TPM_RC_FAILURE, and nothing was done
            return struct.pack(">HII", 0x8001, 10, 0x101)
        if deed == "cut":
            raise ConnectionError
        tpm.sendall(command)
        response = whole(tpm)
        if deed == "garble":
            response = response[:-1] + bytes([response[-1] ^ 1]) if len(response) > 10 else response[:6] + b"\0\0\1\1"
        return response
