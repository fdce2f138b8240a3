// Certificates compares fasti's reading of certificates with that of Go's crypto/x509. Of each
// certificate fasti has said (tests/certificates) whether it takes it, and what it says; a certificate
// is taken if and only if Go parses it, and then it says the same to both. Where fasti refuses more by
// a rule of its own, it says which; those are counted.
//
// It also compares the two on chains (chains.go).
//
// Usage: certificates FILE CHAINS
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// What Go says of a key, and fasti leaves to a reader of its own.
var ofKeys = []string{"RSA", "ECDSA", "elliptic", "Ed25519", "DSA", "ecdsa", "point", "nistec"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: certificates FILE CHAINS")
		os.Exit(2)
	}
	good := compareCertificates(os.Args[1])
	if !compareChains(os.Args[2]) || !good {
		os.Exit(1)
	}
}

func compareCertificates(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	counts := make(map[string]int)
	wrong := 0
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		der, err := hex.DecodeString(fields[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		counts[fields[0]]++
		if fault := compare(fields[0], der, fields[2:]); fault != "" {
			wrong++
			if wrong <= 20 {
				fmt.Printf("%s\n  %s\n", fault, fields[1])
			}
		}
	}
	if lines.Err() != nil {
		fmt.Fprintln(os.Stderr, lines.Err())
		os.Exit(1)
	}
	var said []string
	for verdict, count := range counts {
		said = append(said, fmt.Sprintf("%d %s", count, verdict))
	}
	sort.Strings(said)
	fmt.Printf("certificates: %s; %d read otherwise by Go\n", strings.Join(said, ", "), wrong)
	return wrong == 0 && counts["taken"] > 0 && counts["refused"] > 0
}

func compare(verdict string, der []byte, facts []string) string {
	certificate, err := x509.ParseCertificate(der)
	switch verdict {
	case "taken":
		if err != nil {
			return fmt.Sprintf("taken, and Go refuses it: %v", err)
		}
		if found := factsOf(certificate); !slices.Equal(found, facts) {
			return fmt.Sprintf("it says %q, and to Go %q", facts, found)
		}
	case "refused":
		if err == nil {
			return "refused, and Go parses it"
		}
	case "key":
		// The key is not one that the log admits. Go may agree or not, but finds no other fault.
		isOfKey := func(word string) bool { return strings.Contains(err.Error(), word) }
		if err != nil && !slices.ContainsFunc(ofKeys, isOfKey) {
			return fmt.Sprintf("only the key is refused, and Go refuses it otherwise: %v", err)
		}
	case "surplus":
		// Bytes that belong to no field, or names of no kind: Go passes over both.
	case "version":
		// The largest number there is: one more overflows in Go, to less than the first version.
	default:
		return "what is the verdict " + verdict + "?"
	}
	return ""
}

// The times of validity, the number of extensions, and the names: sorted, each in hexadecimal behind a
// letter for its kind.
func factsOf(certificate *x509.Certificate) []string {
	var names []string
	add := func(kind, name string) { names = append(names, kind+hex.EncodeToString([]byte(name))) }
	for _, name := range certificate.EmailAddresses {
		add("e", name)
	}
	for _, name := range certificate.DNSNames {
		add("d", name)
	}
	for range certificate.URIs {
		// Go keeps what it has made of them, not what they were.
		names = append(names, "u")
	}
	for _, name := range certificate.IPAddresses {
		add("i", string(net.IP(name)))
	}
	sort.Strings(names)
	facts := []string{
		strconv.FormatInt(certificate.NotBefore.Unix(), 10),
		strconv.FormatInt(certificate.NotAfter.Unix(), 10),
		strconv.Itoa(len(certificate.Extensions)),
	}
	return append(facts, names...)
}
