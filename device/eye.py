"""Core's end of the vision socket: settings and heartbeats out, numbers in.

Failure policy: vision may come, go and come again at any time; music never waits for it. One
that reports an open camera and then says nothing is hung up on, as if it had gone. A packet that
cannot be read is counted and said at most once a minute.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from contracts import vision_wire
from contracts.tally import Tally
from contracts.vision_wire import (
    CameraOff,
    CameraOn,
    CameraReport,
    CameraState,
    Configure,
    Heartbeat,
)
from device import events
from device.camera_gate import CameraGate, OpenGate
from device.photo_desk import PhotoDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contracts.vision_wire import Box, FromVision, ToVision
    from device.events import Event

log = logging.getLogger(__name__)

FIRST_INHERITED_DESCRIPTOR = 3
"""Where systemd's socket activation puts the socket it owns (sd_listen_fds(3))."""
SILENCE_SECONDS = 8.0
"""Vision itself reports a camera that stalls after 5 s, so one that is silent for longer hangs."""


def listening_socket(path: Path, inherited: int = 0) -> socket.socket:
    """The socket that vision connects to: systemd's when it passed one, else our own.

    Raises:
        OSError: the path cannot be bound.

    """
    if inherited:
        return socket.socket(fileno=FIRST_INHERITED_DESCRIPTOR)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    path.chmod(0o660)
    listener.listen(1)
    return listener


class Eye:
    """The vision program as core sees it; a new connection replaces the old one."""

    def __init__(
        self,
        listener: socket.socket,
        configure: Configure,
        put: Callable[[Event], None],
        clock: Callable[[], float],
        gate: CameraGate | None = None,
        *,
        machine_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener, self._configure = listener, configure
        self._gate = gate or OpenGate()
        self._put, self._clock = put, clock
        self._machine_clock = machine_clock
        self._peer: socket.socket | None = None
        self._camera_wanted = self._seeing = False
        self._heard_at = 0.0
        self._lock = threading.Lock()
        self._camera = threading.RLock()
        """Held from lighting the light to sending CameraOn: nobody puts it out between them."""
        self.photos = PhotoDesk(self._send_beside)
        self._malformed = Tally(log, "unreadable packets from vision", clock)
        self._ended = threading.Event()
        # Closing a socket does not wake who waits on it, and shutting systemd's down would end
        # it for the next core: this pair wakes instead.
        self._waker, self._woken = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept, name="eye", daemon=True)

    def start(self) -> None:
        """Accept vision, and keep telling it that core is alive, on threads of their own."""
        self._accepting.start()
        self._gate.start(self._gate_moved)
        threading.Thread(target=self._beat, name="eye-heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Close the camera and the socket."""
        self._ended.set()
        self._send(CameraOff())
        self._gate.close()
        self._waker.close()
        self._accepting.join()
        self._leave(self._peer)

    def set_camera(self, *, on: bool) -> None:
        """Open or close the camera now, and again whenever vision comes back."""
        with self._camera:
            self._camera_wanted = on
            if on:
                self._open_camera()
            else:
                self._send(CameraOff())

    def set_masks(self, masks: tuple[Box, ...]) -> None:
        """Leave out faces in these regions, from the next frame on, and whenever vision comes."""
        self._configure = msgspec.structs.replace(self._configure, masks=masks)
        self._send(self._configure)

    def _open_camera(self) -> None:
        """Light the privacy LED, and only then open the camera; not against the switch."""
        why = self._gate.refuses()
        if not why:
            self._send(CameraOn())
            return
        at, off = self._clock(), CameraState.OFF
        self._put(events.CameraChanged(at=at, state=off, detail=why))

    def _gate_moved(self) -> None:
        """The switch at the device was moved."""
        with self._camera:
            if self._gate.locked:
                self._send(CameraOff())
            elif self._camera_wanted:
                self._open_camera()

    def _accept(self) -> None:
        with self._listener, self._woken:
            while True:
                ready, _, _ = select.select([self._listener, self._woken], [], [])
                if self._woken in ready:
                    return
                peer, _ = self._listener.accept()
                self._welcome(peer)

    def _welcome(self, peer: socket.socket) -> None:
        with self._camera:
            self._leave(self._peer)
            with self._lock:
                self._peer, self._seeing = peer, False
            self._send(self._configure)
            if self._gate.locked or not self._camera_wanted:
                self._gate.closed()  # a program that has just come has no camera open
            if self._camera_wanted:
                self._open_camera()
        threading.Thread(target=self._read, args=(peer,), name="eye-in", daemon=True).start()

    def _read(self, peer: socket.socket) -> None:
        while True:
            try:
                packet = peer.recv(vision_wire.MAX_PACKET_BYTES)
            except OSError:
                packet = b""
            if not packet:
                break
            try:
                self._take(vision_wire.decode_from_vision(packet))
            except vision_wire.VisionMessageError as error:
                self._malformed.count(str(error))
        self.photos.vision_lost()
        if self._leave(peer) and not self._ended.is_set():
            self._put(events.VisionLost(at=self._clock()))

    def _take(self, packet: FromVision) -> None:
        at, self._heard_at = self._clock(), self._machine_clock()
        if isinstance(packet, vision_wire.FacesSeen):
            self._put(events.FacesSeen(at=at, faces=packet.faces))
        elif isinstance(packet, CameraReport):
            self._put(events.CameraChanged(at=at, state=packet.state, detail=packet.detail))
            self._camera_reported(packet.state)
        elif isinstance(packet, vision_wire.PhotoAnalysed | vision_wire.PhotoRefused):
            self.photos.answered(packet)
        elif isinstance(packet, vision_wire.Hello):
            log.info("vision is up with %s and %s", packet.detector, packet.classifier)

    def _camera_reported(self, state: CameraState) -> None:
        self._seeing = state is CameraState.ON
        with self._camera:
            wanted = self._camera_wanted and not self._gate.locked
            # One that failed is tried again by vision, so its light stays on.
            if state is CameraState.OFF or (state is CameraState.FAILED and not wanted):
                self._gate.closed()
            if state is CameraState.OFF and wanted:
                self._open_camera()  # it closed by itself, when this machine stood still

    def _beat(self) -> None:
        while not self._ended.wait(vision_wire.HEARTBEAT_SECONDS):
            self._send(Heartbeat())
            self.check(self._machine_clock())

    def check(self, now: float) -> None:
        """Hang up on a vision that sees and has been silent for too long by the machine's clock."""
        patience = SILENCE_SECONDS + 1.0 / self._configure.frames_per_second
        if self._seeing and now - self._heard_at >= patience:
            self._seeing = False
            log.warning("vision says nothing for %.0f s: it hangs", patience)
            with self._lock:
                peer = self._peer
            if peer is not None:
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)  # its reader finds the end, and tells core

    def _send(self, packet: ToVision) -> None:
        with self._lock:
            peer = self._peer
        if peer is None:
            return
        try:
            peer.send(vision_wire.encode(packet), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            log.warning("vision does not read; a packet to it was dropped")
        except OSError:
            self._leave(peer)

    def _send_beside(self, packet: ToVision, descriptor: int) -> bool:
        """Send a packet with a descriptor; whether vision got it."""
        with self._lock:
            peer = self._peer
        flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        try:
            return peer is not None and bool(
                socket.send_fds(peer, [vision_wire.encode(packet)], [descriptor], flags)
            )
        except OSError:
            return False

    def _leave(self, peer: socket.socket | None) -> bool:
        """Let go of a connection; whether it was the present one."""
        with self._lock:
            present = peer is not None and peer is self._peer
            if present:
                self._peer = None
        if present and peer is not None:
            with contextlib.suppress(OSError):  # it may have hung up first
                peer.shutdown(socket.SHUT_RDWR)  # wakes our reader, and tells the other end
            peer.close()
        return present
