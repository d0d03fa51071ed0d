package dev.mincover.lab.translation;

import java.util.List;

/**
 * Software whose messages the default text is made of.
 *
 * @param name its name, for people
 * @param version the version that the build fetches, as lab/pom.xml has it
 * @param validation whether its messages are those that a model is judged by
 * @param messageFormat whether messages are patterns of java.text.MessageFormat, at least those
 *     with arguments, where an apostrophe is written twice
 * @param jars the artifacts with its English and French messages
 */
record Product(
    String name, String version, boolean validation, boolean messageFormat, List<String> jars) {

  /** The order of the text. Of equal sentences, the first is kept. */
  static final List<Product> ALL =
      List.of(
          new Product("Liferay Portal", "4.4.0", false, false, List.of("com.liferay.portal.impl")),
          new Product(
              "Keycloak",
              "26.7.3",
              false,
              true,
              List.of("keycloak-admin-ui", "keycloak-account-ui", "keycloak-themes")),
          new Product(
              "Apache Tomcat",
              "9.0.70",
              false,
              true,
              List.of(
                  "tomcat-i18n-fr",
                  "tomcat-embed-core",
                  "tomcat-embed-jasper",
                  "tomcat-embed-websocket",
                  "tomcat-tribes",
                  "tomcat-catalina-ha",
                  "tomcat-dbcp")),
          new Product("Apache JMeter", "5.6.3", false, true, List.of("ApacheJMeter_core")),
          new Product(
              "Apache Derby",
              "10.14.2.0",
              false,
              true,
              List.of("derbyLocale_fr", "derby", "derbyclient", "derbynet")),
          new Product("Apereo CAS", "7.2.0", true, true, List.of("cas-server-support-thymeleaf")),
          new Product("Hudson", "2.2.1", true, true, List.of("hudson-core")));
}
