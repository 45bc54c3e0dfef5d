// A client and a server of Go's crypto/tls, told by flags what to do, answering with one line of JSON on its
// standard error about what was negotiated on each connection. Only the standard library is used.
//
//	peer client -port 4433 -ca ca.pem -groups X25519MLKEM768 -talk get
//	peer server -cert chain.pem -key key.pem -talk page      (first says "listening on PORT")
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"time"
)

type options struct {
	port, size, chunk, connections                                                 int
	tickets                                                                        bool
	ca, cert, key, groups, alpn, sni, talk, auth, exporter, keylog, ocsp, versions string
}

// facts is what this end tells about the connection.
type facts struct {
	Version           string `json:"version"`
	Suite             string `json:"suite"`
	Group             string `json:"group"`
	Retried           any    `json:"retried"`
	ALPN              string `json:"alpn"`
	SNI               string `json:"sni"`
	PeerCertificates  int    `json:"peer_certificates"`
	Stapled           bool   `json:"stapled"`
	Exported          string `json:"exported"`
	AlertReceived     int    `json:"alert_received"`
	Error             string `json:"error"`
	Resumed           bool   `json:"resumed"`
	Received          int64  `json:"received"`
	Digest            string `json:"digest"`
	ReceivedAfterSend bool   `json:"received_after_send"`
}

var groupNames = map[string]tls.CurveID{
	"x25519mlkem768": tls.X25519MLKEM768, "x25519": tls.X25519,
	"secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384, "secp521r1": tls.CurveP521,
}

func main() {
	if len(os.Args) < 2 || (os.Args[1] != "client" && os.Args[1] != "server") {
		fmt.Fprintln(os.Stderr, "usage: peer client|server FLAGS")
		os.Exit(2)
	}
	opts := parse(os.Args[2:])
	config, err := configure(opts, os.Args[1] == "server")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	next, err := source(opts, config, os.Args[1] == "server")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for count := 0; count < opts.connections; count++ {
		conn, err := next()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if err = run(conn, opts); err != nil && opts.connections == 1 {
			os.Exit(1)
		}
	}
}

// run is one connection from its handshake to its end.
func run(conn *tls.Conn, opts options) error {
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	seen := facts{AlertReceived: -1}
	err := conn.Handshake()
	if err == nil {
		err = talk(conn, opts, &seen)
	}
	describe(conn, opts, &seen, err)
	conn.Close()
	json.NewEncoder(os.Stderr).Encode(seen)
	return err
}

func parse(arguments []string) options {
	var o options
	set := flag.NewFlagSet("peer", flag.ExitOnError)
	set.IntVar(&o.port, "port", 0, "port to connect to")
	set.IntVar(&o.size, "size", 0, "bytes for the talks that send much")
	set.IntVar(&o.chunk, "chunk", 16384, "bytes for each write of them")
	set.IntVar(&o.connections, "connections", 1, "how many, one after the other")
	set.BoolVar(&o.tickets, "tickets", false, "issue sessions, or keep and offer them")
	set.StringVar(&o.ca, "ca", "", "file of trusted certificates")
	set.StringVar(&o.cert, "cert", "", "certificate chain to show")
	set.StringVar(&o.key, "key", "", "its private key")
	set.StringVar(&o.groups, "groups", "", "groups, comma separated")
	set.StringVar(&o.alpn, "alpn", "", "application protocols, comma separated")
	set.StringVar(&o.sni, "sni", "localhost", "name to send and to verify")
	set.StringVar(&o.talk, "talk", "get", "get, page, echo, upload, half-close, quiet")
	set.StringVar(&o.auth, "auth", "none", "server: none, request, require")
	set.StringVar(&o.exporter, "exporter", "", "label of keying material to tell, 32 bytes")
	set.StringVar(&o.keylog, "keylog", "", "file for a key log")
	set.StringVar(&o.ocsp, "ocsp", "", "file of an OCSP response to staple")
	set.StringVar(&o.versions, "versions", "1.3", "lowest and highest version, comma separated")
	set.Parse(arguments)
	return o
}

func configure(o options, isServer bool) (*tls.Config, error) {
	numbers := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}
	versions := list(o.versions)
	config := &tls.Config{ServerName: o.sni, MinVersion: numbers[versions[0]],
		MaxVersion: numbers[versions[len(versions)-1]]}
	for _, name := range list(o.groups) {
		id, known := groupNames[name]
		if !known {
			return nil, fmt.Errorf("unknown group %q", name)
		}
		config.CurvePreferences = append(config.CurvePreferences, id)
	}
	config.NextProtos = list(o.alpn)
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return nil, err
		}
		if o.ocsp != "" {
			if pair.OCSPStaple, err = os.ReadFile(o.ocsp); err != nil {
				return nil, err
			}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
		config.ClientCAs = config.RootCAs
	}
	if isServer {
		config.ClientAuth = map[string]tls.ClientAuthType{"none": tls.NoClientCert,
			"request": tls.VerifyClientCertIfGiven, "require": tls.RequireAndVerifyClientCert}[o.auth]
	}
	// Without tickets the conversation is the same in every run.
	config.SessionTicketsDisabled = !o.tickets
	if o.tickets && !isServer {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if o.keylog != "" {
		file, err := os.OpenFile(o.keylog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		config.KeyLogWriter = file
	}
	return config, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// source makes what gives one connection after the other.
func source(o options, config *tls.Config, isServer bool) (func() (*tls.Conn, error), error) {
	if !isServer {
		return func() (*tls.Conn, error) {
			raw, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
			if err != nil {
				return nil, err
			}
			return tls.Client(raw, config), nil
		}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	return func() (*tls.Conn, error) {
		raw, err := listener.Accept()
		if err != nil {
			return nil, err
		}
		return tls.Server(raw, config), nil
	}, nil
}

// talk is what is said on a connection that stands.
func talk(conn *tls.Conn, o options, seen *facts) error {
	switch o.talk {
	case "get": // client: a request, and the answer to its end
		if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
		answer, err := io.ReadAll(conn)
		seen.Received = int64(len(answer))
		os.Stdout.Write(answer)
		return err
	case "page": // server: the other side of it
		request := make([]byte, 4096)
		count, err := conn.Read(request)
		if err != nil {
			return err
		}
		seen.Received = int64(count)
		_, err = io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\nfrom Go\n")
		return err
	case "echo": // server: everything comes back
		count, err := io.Copy(conn, conn)
		seen.Received = count
		return err
	case "upload": // client: sends size bytes and expects them back
		return upload(conn, o, seen)
	case "half-close": // either: closes its direction first, then reads to the end
		if err := conn.CloseWrite(); err != nil {
			return err
		}
		return readAll(conn, seen)
	case "after-close": // either: reads to the end first, then sends size bytes
		if err := readAll(conn, seen); err != nil {
			return err
		}
		_, err := conn.Write(pattern(o.size))
		return err
	case "quiet":
		return nil
	}
	return fmt.Errorf("unknown talk %q", o.talk)
}

func upload(conn *tls.Conn, o options, seen *facts) error {
	data := pattern(o.size)
	failed := make(chan error, 1)
	go func() {
		for rest := data; len(rest) > 0; {
			count, err := conn.Write(rest[:min(o.chunk, len(rest))])
			if err != nil {
				failed <- err
				return
			}
			rest = rest[count:]
		}
		failed <- conn.CloseWrite()
	}()
	if err := readAll(conn, seen); err != nil {
		return err
	}
	if err := <-failed; err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:]) != seen.Digest {
		return errors.New("what came back is not what was sent")
	}
	return nil
}

func readAll(conn *tls.Conn, seen *facts) error {
	hash := sha256.New()
	count, err := io.Copy(hash, conn)
	seen.Received = count
	seen.Digest = hex.EncodeToString(hash.Sum(nil))
	return err
}

// pattern is data in which no two blocks are alike; the tests in Python make the same.
func pattern(size int) []byte {
	data := make([]byte, 0, size+32)
	for block := uint64(0); len(data) < size; block++ {
		sum := sha256.Sum256([]byte(fmt.Sprint(block)))
		data = append(data, sum[:]...)
	}
	return data[:size]
}

func describe(conn *tls.Conn, o options, seen *facts, err error) {
	state := conn.ConnectionState()
	if state.HandshakeComplete {
		seen.Version = tls.VersionName(state.Version)
		seen.Suite = tls.CipherSuiteName(state.CipherSuite)
		seen.ALPN = state.NegotiatedProtocol
		seen.SNI = state.ServerName
		seen.PeerCertificates = len(state.PeerCertificates)
		seen.Stapled = len(state.OCSPResponse) > 0
		seen.Resumed = state.DidResume
		if o.exporter != "" {
			material, err := state.ExportKeyingMaterial(o.exporter, nil, 32)
			if err == nil {
				seen.Exported = hex.EncodeToString(material)
			}
		}
		// Fields of Go 1.25 and 1.26.
		fields := reflect.ValueOf(state)
		if curve := fields.FieldByName("CurveID"); curve.IsValid() {
			seen.Group = curve.Interface().(tls.CurveID).String()
		}
		if retried := fields.FieldByName("HelloRetryRequest"); retried.IsValid() {
			seen.Retried = retried.Bool()
		}
	}
	if err == nil {
		return
	}
	seen.Error = err.Error()
	var remote *net.OpError
	if errors.As(err, &remote) && remote.Op == "remote error" {
		// The type of a received alert is not exported, but it is a number.
		if alert := reflect.ValueOf(remote.Err); alert.Kind() == reflect.Uint8 {
			seen.AlertReceived = int(alert.Uint())
		}
	}
}
