<?php
/**
 * The page to unsubscribe.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * A plain page of its own, whatever the theme: works without JavaScript and cookies.
 */
class Wcflow_Unsubscribe_Page {

	const STYLE = 'body{margin:0;background:#f0f0f1;color:#1d2327;font:1.0625rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{box-sizing:border-box;max-width:34rem;margin:8vh auto;padding:2rem;background:#fff;border:1px solid #c3c4c7;border-radius:4px;overflow-wrap:anywhere}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.3}
p{margin:0 0 1rem}
fieldset{margin:0 0 1.25rem;padding:0;border:0}
legend{margin-bottom:.5rem;padding:0;font-weight:600}
label{display:block;padding:.35rem 0}
input[type=checkbox]{width:1.15rem;height:1.15rem;margin-block:0;margin-inline:0 .5rem;vertical-align:-.15rem}
button{padding:.7rem 1.5rem;border:0;border-radius:4px;background:#1d2327;color:#fff;font:inherit;font-weight:600;cursor:pointer}
button:hover{background:#2c3338}
a{color:#0a4b78}
a:focus,button:focus,input:focus{outline:2px solid #2271b1;outline-offset:2px}
.small{margin:1.25rem 0 0;color:#50575e;font-size:.9375rem}
@media (max-width:600px){main{margin:0;min-height:100vh;border:0;border-radius:0;padding:1.5rem}}';

	/**
	 * Shows the page with the button.
	 *
	 * @param string $token   The token.
	 * @param string $address Whose it is.
	 */
	public static function ask( $token, $address ) {
		self::begin( 200, __( 'Unsubscribe', 'wcflow-companion' ) );
		/* translators: 1: name of the shop, 2: e-mail address */
		$question = __( 'Do you no longer want to receive messages from %1$s at %2$s?', 'wcflow-companion' );
		echo '<p>', self::with_names( $question, $address ), '</p>'; // phpcs:ignore WordPress.Security.EscapeOutput -- Escaped there.
		self::form( $token );
		echo '<p class="small">', esc_html__( 'Messages about your orders are still sent.', 'wcflow-companion' ), '</p>';
		self::end();
	}

	/**
	 * Shows the page for those who have unsubscribed.
	 *
	 * @param string $token   The token.
	 * @param string $address Whose it is.
	 * @param array  $names   The topics that were chosen.
	 */
	public static function done( $token, $address, array $names ) {
		if ( ! $names ) {
			self::begin( 200, __( 'Nothing was chosen', 'wcflow-companion' ) );
			echo '<p>', esc_html__( 'Nothing has been changed. Please choose what you no longer want to receive.', 'wcflow-companion' ), '</p>';
			self::form( $token );
			self::end();
			return;
		}
		self::begin( 200, __( 'You have unsubscribed', 'wcflow-companion' ) );
		/* translators: 1: name of the shop, 2: e-mail address */
		$answer = __( '%1$s will send no more such messages to %2$s.', 'wcflow-companion' );
		echo '<p>', self::with_names( $answer, $address ), '</p>'; // phpcs:ignore WordPress.Security.EscapeOutput -- Escaped there.
		if ( count( Wcflow_Settings::topics() ) > 1 ) {
			echo '<ul>';
			foreach ( Wcflow_Settings::topics() as $topic ) {
				if ( in_array( $topic['name'], $names, true ) ) {
					echo '<li>', esc_html( self::label( $topic ) ), '</li>';
				}
			}
			echo '</ul>';
		}
		echo '<p class="small">', esc_html__( 'Messages about your orders are still sent.', 'wcflow-companion' ), '</p>';
		self::end();
	}

	/**
	 * Shows the page for an address that is not the daemon's.
	 */
	public static function invalid() {
		self::begin( 400, __( 'This link is not valid', 'wcflow-companion' ) );
		echo '<p>', esc_html__( 'Please use the link as it is in the e-mail. Nothing has been changed.', 'wcflow-companion' ), '</p>';
		self::end();
	}

	/**
	 * Shows the page for when the shop could not note it.
	 */
	public static function failed() {
		self::begin( 503, __( 'That did not work', 'wcflow-companion' ) );
		echo '<p>', esc_html__( 'The shop could not save it. Please try again in a minute.', 'wcflow-companion' ), '</p>';
		self::end();
	}

	/**
	 * Shows the form: the topics, if there are several, and the button.
	 *
	 * @param string $token The token.
	 */
	private static function form( $token ) {
		$topics = Wcflow_Settings::topics();
		echo '<form method="post" action="', esc_attr( '?wcflow=' . $token ), '"><input type="hidden" name="wcflow_form" value="1">';
		if ( count( $topics ) > 1 ) {
			echo '<fieldset><legend>', esc_html__( 'What do you no longer want to receive?', 'wcflow-companion' ), '</legend>';
			foreach ( $topics as $topic ) {
				printf(
					'<label><input type="checkbox" name="wcflow_topics[]" value="%s"%s>%s</label>',
					esc_attr( $topic['name'] ),
					checked( 'email', $topic['name'], false ),
					esc_html( self::label( $topic ) )
				);
			}
			echo '</fieldset>';
		}
		echo '<button type="submit">', esc_html__( 'Unsubscribe', 'wcflow-companion' ), '</button></form>';
	}

	/**
	 * Returns how a topic is called.
	 *
	 * @param array $topic The topic.
	 * @return string
	 */
	private static function label( array $topic ) {
		if ( 'email' === $topic['name'] && in_array( $topic['label'], array( '', 'E-mail' ), true ) ) {
			return __( 'E-mail', 'wcflow-companion' );
		}
		return '' === $topic['label'] ? $topic['name'] : $topic['label'];
	}

	/**
	 * Returns a sentence with the names of the shop and of the address, escaped.
	 *
	 * @param string $sentence The sentence.
	 * @param string $address  The e-mail address.
	 * @return string
	 */
	private static function with_names( $sentence, $address ) {
		return sprintf( esc_html( $sentence ), '<strong>' . esc_html( self::shop() ) . '</strong>', '<strong><bdi>' . esc_html( $address ) . '</bdi></strong>' );
	}

	/**
	 * Returns the shop's name.
	 *
	 * @return string
	 */
	private static function shop() {
		return wp_specialchars_decode( get_bloginfo( 'name', 'display' ), ENT_QUOTES );
	}

	/**
	 * Begins the page.
	 *
	 * @param int    $status The status of the answer.
	 * @param string $title  The title.
	 */
	private static function begin( $status, $title ) {
		status_header( $status );
		header( 'Content-Type: text/html; charset=UTF-8' );
		header( "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'" );
		header( 'X-Frame-Options: DENY' );
		echo '<!DOCTYPE html><html ', get_language_attributes( 'html' ), '><head><meta charset="UTF-8">'; // phpcs:ignore WordPress.Security.EscapeOutput -- WordPress's own.
		echo '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex, nofollow">';
		echo '<title>', esc_html( $title . ' – ' . self::shop() ), '</title><style>', self::STYLE, '</style></head>'; // phpcs:ignore WordPress.Security.EscapeOutput -- A constant.
		echo '<body><main><h1>', esc_html( $title ), '</h1>';
	}

	/**
	 * Ends the page.
	 */
	private static function end() {
		echo '<p class="small"><a href="', esc_url( home_url( '/' ) ), '">';
		/* translators: %s: name of the shop */
		echo esc_html( sprintf( __( 'Go to %s', 'wcflow-companion' ), self::shop() ) ), '</a></p></main></body></html>';
	}
}
