#!/usr/bin/python3
"""Any protobuf library can buy: Hello, Welcome, Buy and BuyReply with the classes that protoc makes of the
schema, and sluice_client for the length in front. Arguments: BUILD SCHEMA-FOLDER."""
import os
import socket
import subprocess
import sys
import tempfile

import sluice_client


def generated(schema_folder, folder):
    """The classes of the schema; SLUICE_PB2 names a folder that has them already."""
    made = os.environ.get("SLUICE_PB2")
    if made is None:
        made = folder
        subprocess.run(["protoc", f"--proto_path={schema_folder}", f"--python_out={folder}", "sluice.proto"], check=True)
    sys.path.insert(0, made)
    import sluice_pb2  # pylint: disable=import-outside-toplevel,import-error
    return sluice_pb2


def start(build, data_dir):
    """A server and the address it serves on."""
    # pylint: disable=consider-using-with
    server = subprocess.Popen([os.path.join(build, "sluiced"), "--data-dir", data_dir, "--listen", "127.0.0.1:0",
                               "--http", "off"],
                              stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if line.startswith("ready "):
            words = dict(word.split("=", 1) for word in line.split()[1:])
            return server, words["listen"]
    raise AssertionError("the server ended before it was ready")


def buy_twice(pb2, address):
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        sluice_client.send(sock, pb2.Hello(protocol=1, client="python"))
        welcome = sluice_client.receive(sock, pb2.Welcome)
        assert welcome.status == pb2.STATUS_ACCEPTED, welcome
        replies = []
        for request_id in (1, 2):
            sluice_client.send(sock, pb2.Buy(request_id=request_id, drop_id=1, user="anna", quantity=3, order_key=77))
            replies.append(sluice_client.receive(sock, pb2.BuyReply))
        return replies


def main():
    build, schema_folder = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="slc-python-") as folder:
        pb2 = generated(schema_folder, folder)
        data_dir = os.path.join(folder, "data")
        server, address = start(build, data_dir)
        try:
            subprocess.run([os.path.join(build, "tools", "sluice"), "--data-dir", data_dir, "drop", "open", "1",
                            "--stock", "10"], check=True, stdout=subprocess.DEVNULL)
            first, again = buy_twice(pb2, address)
        finally:
            server.terminate()
            server.stderr.read()
            code = server.wait(60)
    assert (first.request_id, first.status, first.remaining, first.replayed) == (1, pb2.STATUS_ACCEPTED, 7, False), first
    assert (again.request_id, again.status, again.replayed) == (2, pb2.STATUS_ACCEPTED, True), again
    assert again.order_id == first.order_id > 0 and again.sequence == first.sequence, again
    assert code == 0, code
    print("bought once, told twice")


main()
