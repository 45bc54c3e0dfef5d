import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A client and a server of Java's JSSE, told by key=value arguments what to do, answering with key=value lines
 * on standard error. The word "next" asks for one more connection; what follows it is changed for that one. As
 * long as the identity stays, all of them share one SSLContext, and so its sessions.
 *
 * <pre>
 * java Peer client port=4433 ca=ca.pem talk=get next next
 * java Peer server p12=one.p12,other.p12 talk=page   (first says port=N)
 * </pre>
 */
public final class Peer {
    private static final char[] PASSWORD = "x".toCharArray();

    private final Map<String, String> options = new HashMap<>();
    private SSLContext context;
    private SSLServerSocket listener;
    private long created; // when the newest session was, in milliseconds

    public static void main(String[] arguments) throws Exception {
        final Peer peer = new Peer();
        final boolean isServer = arguments[0].equals("server");
        for (int i = 1, count = 0; i <= arguments.length; i++) {
            if (i == arguments.length || arguments[i].equals("next")) {
                tell("connection", count++);
                peer.meet(isServer);
            } else {
                peer.set(arguments[i].split("=", 2));
            }
        }
    }

    private void set(String[] option) {
        if (!option[1].equals(options.put(option[0], option[1])) && option[0].equals("p12")) {
            context = null;
        }
    }

    private void meet(boolean isServer) throws Exception {
        while (System.currentTimeMillis() <= created) { // it is what tells sessions apart
            Thread.sleep(1);
        }
        final SSLSocket socket = isServer ? accept() : connect();
        socket.setSoTimeout(60000);
        try {
            socket.startHandshake();
            talk(socket);
            describe(socket, isServer);
            socket.close();
        } catch (SSLException failure) {
            tell("error", failure.getMessage());
            System.exit(1);
        }
    }

    private static void tell(String key, Object value) {
        System.err.println(key + "=" + value);
    }

    private SSLSocket accept() throws Exception {
        if (listener == null) {
            listen();
        }
        return (SSLSocket) listener.accept();
    }

    private void listen() throws Exception {
        listener = (SSLServerSocket) context().getServerSocketFactory()
            .createServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
        final SSLParameters parameters = parameters(listener.getSSLParameters());
        switch (options.getOrDefault("auth", "none")) {
            case "require": parameters.setNeedClientAuth(true); break;
            case "request": parameters.setWantClientAuth(true); break;
            default: break;
        }
        listener.setSSLParameters(parameters);
        tell("port", listener.getLocalPort());
    }

    private SSLSocket connect() throws Exception {
        final SSLSocket socket = (SSLSocket) context().getSocketFactory()
            .createSocket("127.0.0.1", Integer.parseInt(options.get("port")));
        final SSLParameters parameters = parameters(socket.getSSLParameters());
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setServerNames(List.of(new SNIHostName(options.get("sni"))));
        socket.setSSLParameters(parameters);
        return socket;
    }

    private SSLParameters parameters(SSLParameters parameters) {
        parameters.setProtocols(options.getOrDefault("version", "TLSv1.2,TLSv1.3").split(","));
        if (options.containsKey("suites")) {
            parameters.setCipherSuites(options.get("suites").split(","));
        }
        if (options.containsKey("alpn")) {
            parameters.setApplicationProtocols(options.get("alpn").split(","));
        }
        return parameters;
    }

    private SSLContext context() throws Exception {
        if (context == null) {
            context = newContext();
        }
        return context;
    }

    private SSLContext newContext() throws Exception {
        final KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        final KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        if (options.containsKey("p12")) {
            for (String path : options.get("p12").split(",")) {
                addIdentity(own, path);
            }
        }
        keys.init(own, PASSWORD);
        final TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        final KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        if (options.containsKey("ca")) {
            try (InputStream file = new FileInputStream(options.get("ca"))) {
                for (Certificate anchor : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                    anchors.setCertificateEntry("anchor" + anchors.size(), anchor);
                }
            }
        }
        trust.init(anchors);
        final SSLContext made = SSLContext.getInstance("TLS");
        made.init(keys.getKeyManagers(), options.containsKey("ca") ? trust.getTrustManagers() : null, null);
        return made;
    }

    private static void addIdentity(KeyStore own, String path) throws Exception {
        final KeyStore from = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(path)) {
            from.load(file, PASSWORD);
        }
        for (String alias : Collections.list(from.aliases())) {
            own.setKeyEntry("own" + own.size(), from.getKey(alias, PASSWORD), PASSWORD,
                            from.getCertificateChain(alias));
        }
    }

    private void talk(SSLSocket socket) throws Exception {
        final int size = Integer.parseInt(options.getOrDefault("size", "0"));
        final InputStream in = socket.getInputStream();
        final OutputStream out = socket.getOutputStream();
        switch (options.getOrDefault("talk", "get")) {
            case "get":
                out.write("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                final byte[] answer = in.readAllBytes();
                tell("received", answer.length);
                System.out.write(answer);
                System.out.flush();
                break;
            case "page":
                tell("received", in.read(new byte[4096]));
                out.write("HTTP/1.0 200 OK\r\n\r\nfrom Java\n".getBytes(StandardCharsets.US_ASCII));
                break;
            case "upload": // blocks go out and come back one by one, so that nobody's buffers fill up
                upload(size, in, out);
                break;
            case "sink":
                tell("received", in.readAllBytes().length);
                break;
            case "quiet":
                break;
            default:
                throw new IOException("unknown talk");
        }
    }

    private static void upload(int size, InputStream in, OutputStream out) throws Exception {
        final ByteArrayOutputStream back = new ByteArrayOutputStream();
        final MessageDigest sent = MessageDigest.getInstance("SHA-256");
        for (int done = 0; done < size; done += 16000) {
            final byte[] block = new byte[16000];
            new java.util.Random(done).nextBytes(block);
            sent.update(block);
            out.write(block);
            back.write(in.readNBytes(block.length));
        }
        final byte[] returned = MessageDigest.getInstance("SHA-256").digest(back.toByteArray());
        tell("received", back.size());
        tell("same", MessageDigest.isEqual(sent.digest(), returned));
    }

    private void describe(SSLSocket socket, boolean isServer) {
        final ExtendedSSLSession session = (ExtendedSSLSession) socket.getSession();
        tell("version", session.getProtocol());
        tell("suite", session.getCipherSuite());
        tell("alpn", socket.getApplicationProtocol());
        created = session.getCreationTime();
        tell("created", created);
        if (isServer) {
            final List<SNIServerName> names = session.getRequestedServerNames();
            tell("sni", names.isEmpty() ? "" : ((SNIHostName) names.get(0)).getAsciiName());
        }
        try {
            tell("chain", session.getPeerCertificates().length);
        } catch (SSLPeerUnverifiedException none) {
            tell("chain", 0);
        }
    }
}
