package dev.mincover.lab.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LicenceHeaderTest {
  private static final String CODE = "package a;\n\n/* Copyright of nothing. */\nclass A {}\n";

  @Test
  void dropsABlockCommentThatIsANotice() {
    assertThat(LicenceHeader.strip("\n/*\n * Licensed to the ASF\n */\n\n" + CODE)).isEqualTo(CODE);
    assertThat(LicenceHeader.strip("/* Licensed\n * under the Apache License */" + CODE))
        .isEqualTo(CODE);
    assertThat(LicenceHeader.strip("\uFEFF/** SPDX-License-Identifier: MIT */\n" + CODE))
        .isEqualTo(CODE);
  }

  @Test
  void dropsLineCommentsThatAreANotice() {
    assertThat(LicenceHeader.strip("// ASM: a framework\n// Copyright (c) 2000\n//\n" + CODE))
        .isEqualTo(CODE);
    assertThat(LicenceHeader.strip("// Copyright 2011")).isEmpty();
  }

  @Test
  void keepsOtherCommentsAroundANotice() {
    String source =
        """
        // DO NOT EDIT

        /* Copyright 2020 */
        /* Released to the public
         * domain. */
        /** A package. */
        package a;
        """;
    String stripped =
        """
        // DO NOT EDIT
        /** A package. */
        package a;
        """;
    assertThat(LicenceHeader.strip(source)).isEqualTo(stripped);
  }

  @Test
  void leavesTextWithoutNoticeAlone() {
    assertThat(LicenceHeader.strip(CODE)).isEqualTo(CODE);
    assertThat(LicenceHeader.strip("/** Licences, and who holds them. */\n" + CODE))
        .isEqualTo("/** Licences, and who holds them. */\n" + CODE);
    assertThat(LicenceHeader.strip("/* Copyright, never closed"))
        .isEqualTo("/* Copyright, never closed");
    assertThat(LicenceHeader.strip("")).isEmpty();
  }
}
