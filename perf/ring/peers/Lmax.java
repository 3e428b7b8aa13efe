/* LMAX Disruptor as one of the rings that perf/rings compares: the shapes of its own throughput tests, with
 * its own sequencers and batch event processors, every sum checked. It reads requests, one a line -
 *
 *     SHAPE PRODUCERS BATCH BYTES WAIT EVENTS        one 1 1 8 YieldingWaitStrategy 5000000
 *
 * and answers each with a number: events a second, or for ping-pong the median round trip in ns. A virtual
 * machine serves one shape, size and wait strategy, so that all calls are compiled for exactly these. */
import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BlockingWaitStrategy;
import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventFactory;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.LiteBlockingWaitStrategy;
import com.lmax.disruptor.PhasedBackoffWaitStrategy;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SleepingWaitStrategy;
import com.lmax.disruptor.WaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.ProducerType;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

public final class Lmax {
    private static final int SLOTS = 65536;
    private static final int PING_PONG_SLOTS = 64;

    /** What lies in a slot; one subclass is ever loaded, so its methods are inlined. */
    abstract static class Event {
        abstract void set(long number);

        abstract long sum();
    }

    static final class Event8 extends Event {
        private long a;

        @Override
        void set(long number) {
            a = number;
        }

        @Override
        long sum() {
            return a;
        }
    }

    static final class Event64 extends Event {
        private long a, b, c, d, e, f, g, h;

        @Override
        void set(long number) {
            a = number;
            b = number;
            c = number;
            d = number;
            e = number;
            f = number;
            g = number;
            h = number;
        }

        @Override
        long sum() {
            return a + b + c + d + e + f + g + h;
        }
    }

    private static final class Request {
        final String shape;
        final int producers;
        final int batch;
        final int bytes;
        final String wait;
        final long events;

        Request(String line) {
            String[] words = line.trim().split(" ");
            shape = words[0];
            producers = Integer.parseInt(words[1]);
            batch = Integer.parseInt(words[2]);
            bytes = Integer.parseInt(words[3]);
            wait = words[4];
            events = Long.parseLong(words[5]);
        }

        RingBuffer<Event> newRing(int slots) {
            EventFactory<Event> factory = bytes == 8 ? Event8::new : Event64::new;
            ProducerType type = producers == 1 ? ProducerType.SINGLE : ProducerType.MULTI;
            return RingBuffer.create(type, factory, slots, newWait());
        }

        private WaitStrategy newWait() {
            switch (wait) {
                case "BusySpinWaitStrategy":
                    return new BusySpinWaitStrategy();
                case "YieldingWaitStrategy":
                    return new YieldingWaitStrategy();
                case "SleepingWaitStrategy":
                    return new SleepingWaitStrategy();
                case "BlockingWaitStrategy":
                    return new BlockingWaitStrategy();
                case "LiteBlockingWaitStrategy":
                    return new LiteBlockingWaitStrategy();
                case "PhasedBackoffWaitStrategy":
                    return PhasedBackoffWaitStrategy.withLock(1, 1000, TimeUnit.MICROSECONDS);
                default:
                    throw new IllegalArgumentException("no wait strategy " + wait);
            }
        }
    }

    /** Adds up all that it sees. The padding keeps two handlers' sums on lines of their own. */
    private static final class AddUp implements EventHandler<Event> {
        long p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16;
        private long sum;
        long q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15, q16;
        private final long last;
        private final CountDownLatch done;

        AddUp(long last, CountDownLatch done) {
            this.last = last;
            this.done = done;
        }

        @Override
        public void onEvent(Event event, long sequence, boolean endOfBatch) {
            sum += event.sum();
            if (sequence == last) {
                done.countDown();
            }
        }
    }

    private static void expectSum(long sum, long events, int bytes) {
        long words = bytes / Long.BYTES;
        if (sum != events * (events - 1) / 2 * words) {
            throw new IllegalStateException("a wrong sum: events were lost, doubled or torn");
        }
    }

    private static void produceOneByOne(RingBuffer<Event> ring, long first, long events) {
        for (long number = first; number < first + events; number++) {
            long sequence = ring.next();
            ring.get(sequence).set(number);
            ring.publish(sequence);
        }
    }

    private static void produceBatches(RingBuffer<Event> ring, long first, long events, int batch) {
        long number = first;
        for (long sent = 0; sent < events; sent += batch) {
            long last = ring.next(batch);
            for (long sequence = last - batch + 1; sequence <= last; sequence++) {
                ring.get(sequence).set(number++);
            }
            ring.publish(last - batch + 1, last);
        }
    }

    private static Sequence[] sequencesBefore(String shape, int station, BatchEventProcessor<?>[] made) {
        if (shape.equals("pipeline") && station > 0) {
            return new Sequence[] {made[station - 1].getSequence()};
        }
        if (shape.equals("diamond") && station == 2) {
            return new Sequence[] {made[0].getSequence(), made[1].getSequence()};
        }
        return new Sequence[0];
    }

    private static double throughput(Request request) throws Exception {
        RingBuffer<Event> ring = request.newRing(SLOTS);
        int stations = request.shape.equals("one") ? 1 : 3;
        long each = (request.events / request.producers / request.batch + 1) * request.batch;
        long events = each * request.producers;
        CountDownLatch done = new CountDownLatch(stations);
        AddUp[] handlers = new AddUp[stations];
        BatchEventProcessor<?>[] processors = new BatchEventProcessor<?>[stations];
        Thread[] threads = new Thread[stations + request.producers];
        for (int i = 0; i < stations; i++) {
            handlers[i] = new AddUp(events - 1, done);
            processors[i] = new BatchEventProcessor<>(
                ring, ring.newBarrier(sequencesBefore(request.shape, i, processors)), handlers[i]);
            threads[i] = new Thread(processors[i]);
        }
        ring.addGatingSequences(processors[stations - 1].getSequence());
        CyclicBarrier start = new CyclicBarrier(request.producers + 1);
        for (int i = 0; i < request.producers; i++) {
            long first = i * each;
            threads[stations + i] = new Thread(() -> {
                try {
                    start.await();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                if (request.batch == 1) {
                    produceOneByOne(ring, first, each);
                } else {
                    produceBatches(ring, first, each, request.batch);
                }
            });
        }
        for (Thread thread : threads) {
            thread.start();
        }
        for (BatchEventProcessor<?> processor : processors) {
            while (!processor.isRunning()) {
                Thread.onSpinWait();
            }
        }
        start.await();
        long before = System.nanoTime();
        done.await();
        double seconds = (System.nanoTime() - before) / 1e9;
        for (BatchEventProcessor<?> processor : processors) {
            processor.halt();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (AddUp handler : handlers) {
            expectSum(handler.sum, events, request.bytes);
        }
        return events / seconds;
    }

    private static void send(RingBuffer<Event> ring, long number) {
        long sequence = ring.next();
        ring.get(sequence).set(number);
        ring.publish(sequence);
    }

    /** Sends back what arrives, under the number it came with. */
    private static final class SendBack implements EventHandler<Event> {
        private final RingBuffer<Event> back;
        private final int words;

        SendBack(RingBuffer<Event> back, int words) {
            this.back = back;
            this.words = words;
        }

        @Override
        public void onEvent(Event event, long sequence, boolean endOfBatch) {
            send(back, event.sum() / words);
        }
    }

    /** The pinger, as in LMAX's own latency test: each arrival is timed and answered by the next event. */
    private static final class Home implements EventHandler<Event> {
        private final RingBuffer<Event> there;
        private final long[] timesNs;
        private final CountDownLatch done = new CountDownLatch(1);
        private long sum;
        private long sentNs;

        Home(RingBuffer<Event> there, int rounds) {
            this.there = there;
            this.timesNs = new long[rounds];
        }

        void serve() {
            sentNs = System.nanoTime();
            send(there, 0);
        }

        @Override
        public void onEvent(Event event, long sequence, boolean endOfBatch) {
            timesNs[(int) sequence] = System.nanoTime() - sentNs;
            sum += event.sum();
            if (sequence + 1 < timesNs.length) {
                sentNs = System.nanoTime();
                send(there, sequence + 1);
            } else {
                done.countDown();
            }
        }
    }

    private static double pingPong(Request request) throws Exception {
        RingBuffer<Event> there = request.newRing(PING_PONG_SLOTS);
        RingBuffer<Event> back = request.newRing(PING_PONG_SLOTS);
        Home home = new Home(there, (int) request.events);
        BatchEventProcessor<Event> arriving = new BatchEventProcessor<>(
            there, there.newBarrier(), new SendBack(back, request.bytes / Long.BYTES));
        BatchEventProcessor<Event> returning = new BatchEventProcessor<>(back, back.newBarrier(), home);
        there.addGatingSequences(arriving.getSequence());
        back.addGatingSequences(returning.getSequence());
        Thread[] threads = {new Thread(arriving), new Thread(returning)};
        for (Thread thread : threads) {
            thread.start();
        }
        while (!arriving.isRunning() || !returning.isRunning()) {
            Thread.onSpinWait();
        }
        home.serve();
        home.done.await();
        arriving.halt();
        returning.halt();
        for (Thread thread : threads) {
            thread.join();
        }
        expectSum(home.sum, request.events, request.bytes);
        Arrays.sort(home.timesNs);
        return home.timesNs[home.timesNs.length / 2];
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = requests.readLine()) != null;) {
            Request request = new Request(line);
            double figure = request.shape.equals("ping-pong") ? pingPong(request) : throughput(request);
            System.out.printf("%.0f%n", figure);
            System.out.flush();
        }
    }

    private Lmax() {}
}
