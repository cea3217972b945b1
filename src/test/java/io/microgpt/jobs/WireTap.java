package io.microgpt.jobs;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stands between a process and those who connect to it: listens on another loopback address, passes everything on to the same port of
 * {@code 127.0.0.1}, and keeps it to be looked at.
 */
final class WireTap implements AutoCloseable {
    static final String ADDRESS = "127.0.0.2";

    private static final String TAPPED = "127.0.0.1";
    private static final int BUFFER_BYTES = 1 << 16;
    private static final long POLL_MILLIS = 20;

    private final ServerSocket server;
    private final CountDownLatch connected = new CountDownLatch(1);
    private final Queue<ByteArrayOutputStream> seen = new ConcurrentLinkedQueue<>();
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();

    WireTap() throws IOException {
        server = listen();
        start(this::accept);
    }

    /** At a port that is free on both addresses, below those that systems give to whoever connects. */
    private static ServerSocket listen() throws IOException {
        Random random = new Random();
        while (true) {
            int port = 20_000 + random.nextInt(10_000);
            try (ServerSocket tapped = new ServerSocket(port, 1, InetAddress.getByName(TAPPED))) {
                return new ServerSocket(tapped.getLocalPort(), 50, InetAddress.getByName(ADDRESS));
            } catch (BindException e) {
                continue;
            }
        }
    }

    int port() {
        return server.getLocalPort();
    }

    /** Waits until somebody has been connected. {@return whether that was before the job ended} */
    boolean awaitConnection(Job job) throws InterruptedException {
        while (job.process().isAlive()) {
            if (connected.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether these characters went over the wire as they are} */
    boolean saw(String ascii) {
        return seen.stream()
                .anyMatch(bytes -> bytes.toString(StandardCharsets.ISO_8859_1).contains(ascii));
    }

    long bytes() {
        return seen.stream().mapToLong(ByteArrayOutputStream::size).sum();
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                return; // one side has closed, and its other direction ends by itself
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket near = server.accept();
            Socket far = new Socket(TAPPED, port());
            sockets.add(near);
            sockets.add(far);
            start(() -> pass(near, far));
            start(() -> pass(far, near));
            connected.countDown();
        }
    }

    private void pass(Socket from, Socket to) throws IOException {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        seen.add(kept);
        try (InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                kept.write(buffer, 0, count);
                out.write(buffer, 0, count);
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
