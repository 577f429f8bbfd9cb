<?php
/**
 * The settings of the plugin.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce → wcflow → Settings: which events are told, switched one by one.
 */
class Wcflow_Options_Page {

	const ACTION = 'wcflow_options';

	/**
	 * Adds the hook that saves.
	 */
	public static function init() {
		add_action( 'admin_post_' . self::ACTION, array( __CLASS__, 'save' ) );
	}

	/**
	 * Returns the groups of events: a heading, and what each event is.
	 *
	 * @return array
	 */
	private static function groups() {
		return array(
			__( 'In the shop', 'wcflow-companion' )     => array(
				'product_viewed'  => __( 'Which products they look at', 'wcflow-companion' ),
				'category_viewed' => __( 'Which categories they look at', 'wcflow-companion' ),
				'search'          => __( 'What they search for, and how many products are found', 'wcflow-companion' ),
				'cart_updated'    => __( 'What is in their cart', 'wcflow-companion' ),
				'logged_in'       => __( 'When they log in', 'wcflow-companion' ),
			),
			__( 'In your e-mails', 'wcflow-companion' ) => array(
				'email_opened'  => __( 'When they open an e-mail', 'wcflow-companion' ),
				'email_clicked' => __( 'Which links they click in an e-mail', 'wcflow-companion' ),
			),
		);
	}

	/**
	 * Prints the settings, without the page around them.
	 */
	public static function render() {
		if ( ! current_user_can( 'wcflow_edit' ) ) {
			echo '<p>', esc_html__( 'You may not change these settings.', 'wcflow-companion' ), '</p>';
			return;
		}
		// phpcs:ignore WordPress.Security.NonceVerification.Recommended -- Only a notice.
		if ( isset( $_GET['saved'] ) ) {
			echo '<div class="notice notice-success is-dismissible wcflow-said"><p>', esc_html__( 'Settings saved.', 'wcflow-companion' ), '</p></div>';
		}
		echo '<h2>', esc_html__( 'What wcflow learns about your customers', 'wcflow-companion' ), '</h2>';
		echo '<p>', esc_html__( 'Workflows can start when customers do one of these things. wcflow is told about customers who are logged in and visitors who left an e-mail address at the checkout, but not about your own team. IP addresses are never recorded. The shop keeps these records for 14 days.', 'wcflow-companion' ), '</p>';
		echo '<form method="post" action="', esc_url( admin_url( 'admin-post.php' ) ), '">';
		echo '<input type="hidden" name="action" value="', esc_attr( self::ACTION ), '">';
		wp_nonce_field( self::ACTION );
		echo '<table class="form-table" role="presentation"><tbody>';
		foreach ( self::groups() as $heading => $events ) {
			self::group( $heading, $events, isset( $events['email_opened'] ) ? __( 'Only if track is set in the [smtp] section of wcflow’s configuration.', 'wcflow-companion' ) : '' );
		}
		echo '<tr><th scope="row">', esc_html__( 'Consent', 'wcflow-companion' ), '</th><td><p>', esc_html( self::consent() ), '</p></td></tr>';
		self::removal();
		echo '</tbody></table>';
		submit_button();
		echo '</form>';
	}

	/**
	 * Prints the switches of a group.
	 *
	 * @param string $heading The heading.
	 * @param array  $events  What each event is.
	 * @param string $words   What else there is to know, or empty.
	 */
	private static function group( $heading, array $events, $words ) {
		$on = Wcflow_Settings::events();
		echo '<tr><th scope="row">', esc_html( $heading ), '</th><td><fieldset><legend class="screen-reader-text"><span>', esc_html( $heading ), '</span></legend>';
		foreach ( $events as $kind => $label ) {
			printf(
				'<label for="%1$s"><input type="checkbox" id="%1$s" name="wcflow_events[]" value="%2$s"%3$s> %4$s</label><br>',
				esc_attr( 'wcflow-event-' . $kind ),
				esc_attr( $kind ),
				checked( ! empty( $on[ $kind ] ), true, false ),
				esc_html( $label )
			);
		}
		echo '' === $words ? '' : '<p class="description">' . esc_html( $words ) . '</p>';
		echo '</fieldset></td></tr>';
	}

	/**
	 * Prints the switch for what goes with the plugin.
	 */
	private static function removal() {
		$heading = __( 'When the plugin is deleted', 'wcflow-companion' );
		echo '<tr><th scope="row">', esc_html( $heading ), '</th><td><fieldset><legend class="screen-reader-text"><span>', esc_html( $heading ), '</span></legend>';
		echo '<label for="wcflow-remove-meta"><input type="checkbox" id="wcflow-remove-meta" name="wcflow_remove_meta" value="yes"', checked( get_option( 'wcflow_remove_meta' ), 'yes', false ), '> ';
		echo esc_html__( 'Also remove the tags and segments that wcflow wrote into orders and customers', 'wcflow-companion' ), '</label>';
		echo '<p class="description">', esc_html__( 'Otherwise they stay as custom fields. What the plugin keeps in its own tables is always removed.', 'wcflow-companion' ), '</p></fieldset></td></tr>';
	}

	/**
	 * Returns what is done about consent.
	 *
	 * @return string
	 */
	private static function consent() {
		if ( Wcflow_Consent::plugin() ) {
			return __( 'Your consent plugin decides: wcflow learns what visitors do in the shop only if they agreed to marketing.', 'wcflow-companion' );
		}
		return __( 'No consent plugin that supports the WP Consent API was found, so visitors are not asked. If your shop has to ask them, install such a plugin, or switch all of this off.', 'wcflow-companion' );
	}

	/**
	 * Saves the switches.
	 */
	public static function save() {
		if ( ! current_user_can( 'wcflow_edit' ) ) {
			wp_die( esc_html__( 'You may not change these settings.', 'wcflow-companion' ), 403 );
		}
		check_admin_referer( self::ACTION );
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- Only compared.
		$chosen   = isset( $_POST['wcflow_events'] ) ? (array) wp_unslash( $_POST['wcflow_events'] ) : array();
		$switches = array();
		foreach ( self::groups() as $events ) {
			foreach ( array_keys( $events ) as $kind ) {
				$switches[ $kind ] = in_array( $kind, $chosen, true );
			}
		}
		Wcflow_Settings::save_events( $switches );
		update_option( 'wcflow_remove_meta', isset( $_POST['wcflow_remove_meta'] ) ? 'yes' : 'no', false );
		wp_safe_redirect( admin_url( 'admin.php?page=wcflow&tab=settings&saved=1' ) );
		exit;
	}
}
