package main

import (
	"bufio"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// What fasti judges otherwise, and whether it is stricter there: the rows of "Chains of certificates"
// in src/docs/safety.md. A chain says which of them it can meet.
var differences = map[string]bool{
	"a_signer_that_is_an_authority":        true,
	"a_signer_that_is_an_anchor_itself":    true,
	"extended_key_usage_without_a_purpose": true,
	"key_usage_without_a_usage":            true,
	"keys_on_P-224":                        true,
	"networks_with_bits_beyond_their_mask": true,
	"RSA_keys_of_less_than_2048_bits":      true,
	"rules_about_policies":                 true,
	"user_names_as_Fulcio_writes_them":     false,
}

// compareChains compares fasti's verdicts on chains (tests/certificates/chains.rs) with those of
// Certificate.Verify. It says which differences were met, and counts what none of them explains.
func compareChains(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	counts := make(map[string]int)
	met := make(map[string]int)
	wrong := 0
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		verdict, said := fields[0], strings.Split(fields[1], ",")
		counts[verdict]++
		err := verify(fields[2], fields[3], fields[4], fields[5])
		if (err == nil) == (verdict == "taken") {
			continue
		}
		isExplained := false
		for _, name := range said {
			isStricter, isKnown := differences[name]
			if isKnown && isStricter == (err == nil) {
				isExplained = true
				met[name]++
			}
		}
		if !isExplained {
			wrong++
			if wrong <= 10 {
				fmt.Printf("%s by fasti, and Go says %v\n  %s\n", verdict, err, lines.Text())
			}
		}
	}
	if lines.Err() != nil {
		fmt.Fprintln(os.Stderr, lines.Err())
		os.Exit(1)
	}
	for name := range differences {
		if met[name] == 0 {
			fmt.Printf("no chain meets the difference %s\n", name)
			wrong++
		}
	}
	fmt.Printf("chains: %d taken, %d refused; %d judged otherwise by Go\n",
		counts["taken"], counts["refused"], wrong)
	return wrong == 0 && counts["taken"] > 100 && counts["refused"] > 100
}

func verify(seconds, signer, anchors, intermediates string) error {
	moment, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return err
	}
	der, err := hex.DecodeString(signer)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	_, err = certificate.Verify(x509.VerifyOptions{
		Roots:         pool(anchors),
		Intermediates: pool(intermediates),
		CurrentTime:   time.Unix(moment, 0),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	return err
}

// What cannot be read is passed over.
func pool(list string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, item := range strings.Split(list, ",") {
		der, err := hex.DecodeString(item)
		if err != nil {
			continue
		}
		if certificate, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(certificate)
		}
	}
	return pool
}
