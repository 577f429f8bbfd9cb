<?php
/**
 * The panel on the profile and on the order screen, and the line in the order preview.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Shows who a customer is where the shopkeeper works, and takes tags and notes there.
 */
class Wcflow_Panel {

	const PREVIEW = 8; // Names in the order preview.

	/**
	 * Hook up the screens.
	 */
	public static function init() {
		add_action( 'personal_options', array( __CLASS__, 'profile' ) );
		add_action( 'add_meta_boxes', array( __CLASS__, 'meta_box' ), 40 ); // After WooCommerce's own.
		add_filter( 'woocommerce_admin_order_preview_get_order_details', array( __CLASS__, 'preview_details' ), 10, 2 );
		add_action( 'woocommerce_admin_order_preview_start', array( __CLASS__, 'preview_line' ) );
	}

	/**
	 * Print the panel in a profile, as a row of its first table.
	 *
	 * @param WP_User $user User.
	 */
	public static function profile( $user ) {
		if ( ! current_user_can( 'list_users' ) && ! current_user_can( Wcflow_Admin::READ ) ) {
			return;
		}
		$row = Wcflow_People::find_by_customer( $user->ID );
		if ( ! $row ) {
			return;
		}
		echo '<tr><th scope="row">' . esc_html__( 'Customer (wcflow)', 'wcflow-companion' ) . '</th><td class="wcflow-profile">';
		self::live( $row, 0 );
		echo '</td></tr>';
	}

	/**
	 * Add the panel to the order screen, in either storage.
	 *
	 * @param string $type Post type or screen.
	 */
	public static function meta_box( $type ) {
		$screens = array( 'shop_order' );
		if ( function_exists( 'wc_get_page_screen_id' ) ) {
			$screens[] = wc_get_page_screen_id( 'shop-order' );
		}
		if ( in_array( $type, $screens, true ) && current_user_can( Wcflow_Admin::READ ) ) {
			add_meta_box( 'wcflow-panel', __( 'Customer (wcflow)', 'wcflow-companion' ), array( __CLASS__, 'order' ), $type, 'side', 'high' );
		}
	}

	/**
	 * Print the panel on the order screen.
	 *
	 * @param WP_Post|WC_Order $post Order.
	 */
	public static function order( $post ) {
		$order = $post instanceof WC_Order ? $post : wc_get_order( $post->ID );
		$row   = $order ? self::of_order( $order ) : null;
		if ( ! $row ) {
			echo '<p class="wcflow-none">' . esc_html__( 'wcflow does not know this customer yet. New customers appear with its next sync.', 'wcflow-companion' ) . '</p>';
			return;
		}
		self::live( $row, $order->get_id() );
	}

	/**
	 * Return the row of the person who placed an order, or null.
	 *
	 * @param WC_Order $order Order.
	 * @return array|null
	 */
	public static function of_order( $order ) {
		$row = $order->get_customer_id() ? Wcflow_People::find_by_customer( $order->get_customer_id() ) : null;
		if ( ! $row && '' !== (string) $order->get_billing_email() ) {
			$row = Wcflow_People::find_by_email( $order->get_billing_email() );
		}
		return $row ? $row : null;
	}

	/**
	 * Print the panel in a frame that the script renews, and its forms at the end of the page.
	 *
	 * @param array $row      Row of the person.
	 * @param int   $order_id Order whose screen this is, or 0.
	 */
	private static function live( $row, $order_id ) {
		Wcflow_Requests::notices( 'inline' ); // Where the script did not run.
		echo '<div class="wcflow-panel" id="wcflow-panel-body">' . self::html( $row, $order_id ) . '</div>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		add_action(
			'admin_footer',
			function () use ( $row, $order_id ) {
				Wcflow_Requests::print_forms( $row, $order_id, true );
			}
		);
	}

	/**
	 * Return what is in the panel.
	 *
	 * @param array $row      Row of the person.
	 * @param int   $order_id Order whose screen this is, or 0.
	 * @return string
	 */
	public static function html( $row, $order_id ) {
		$card    = new Wcflow_Card( $row );
		$pending = Wcflow_Pending::for_person( $row );
		ob_start();
		echo '<p class="wcflow-panel-head"><a class="wcflow-name" href="' . esc_url( Wcflow_Html::person_url( $card->person() ) ) . '"><bdi>' . esc_html( $card->title() ) . '</bdi></a> ';
		Wcflow_Person_Parts::segment( $card );
		if ( 'inactive' === $card->text( 'status' ) ) {
			echo ' ' . Wcflow_Html::chip( __( 'Inactive', 'wcflow-companion' ), 'wcflow-inactive' ); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
		}
		echo '</p>';
		$pending->print_refused();
		self::print_figures( $card );
		echo '<h3>' . esc_html__( 'Tags', 'wcflow-companion' ) . '</h3>';
		Wcflow_Person_Parts::labels( $card, $pending, 'tag' );
		$groups = array_keys( $pending->labels( $card->words( 'groups' ), 'group' ) );
		if ( $groups ) {
			echo '<h3>' . esc_html__( 'Groups', 'wcflow-companion' ) . '</h3><p>';
			foreach ( $groups as $group ) {
				echo Wcflow_Html::chip( (string) $group, 'wcflow-tag', Wcflow_Html::url( 'customers', array( 'group' => (string) $group ) ) ) . ' '; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped
			}
			echo '</p>';
		}
		if ( $card->words( 'reasons' ) ) {
			echo '<h3>' . esc_html__( 'Why', 'wcflow-companion' ) . '</h3>';
			Wcflow_Person_Parts::reasons( $card );
		}
		echo '<h3>' . esc_html__( 'Notes', 'wcflow-companion' ) . '</h3>';
		Wcflow_Person_Parts::notes( $card, $pending, 3 );
		Wcflow_Person_Parts::note_form( $order_id, 2 );
		echo '<p class="wcflow-panel-foot"><a href="' . esc_url( Wcflow_Html::person_url( $card->person() ) ) . '">' . esc_html__( 'Everything about this customer', 'wcflow-companion' ) . '</a></p>';
		return ob_get_clean();
	}

	/**
	 * Print the figures as a list.
	 *
	 * @param Wcflow_Card $card Person.
	 */
	private static function print_figures( $card ) {
		$company = $card->text( 'company' );
		$figures = Wcflow_Person_Parts::figures( $card );
		if ( '' !== $company ) {
			$figures[ __( 'Company', 'wcflow-companion' ) ] = '<a href="' . esc_url( Wcflow_Html::url( 'customers', array( 'company' => $company ) ) ) . '"><bdi>' . esc_html( $company ) . '</bdi></a>';
		}
		echo '<dl class="wcflow-figures">';
		foreach ( $figures as $label => $html ) {
			echo '<div' . ( __( 'Company', 'wcflow-companion' ) === $label ? ' class="wcflow-wide"' : '' ) . '><dt>' . esc_html( $label ) . '</dt><dd>' . $html . '</dd></div>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- escaped where it is made.
		}
		echo '</dl>';
	}

	/**
	 * Add what the order preview shows of the customer.
	 *
	 * @param array    $details Details of the order.
	 * @param WC_Order $order   Order.
	 * @return array
	 */
	public static function preview_details( $details, $order ) {
		$row   = $order instanceof WC_Order ? self::of_order( $order ) : null;
		$words = array();
		if ( $row ) {
			$card  = new Wcflow_Card( $row );
			$words = array_values( array_filter( array_merge( array( $card->text( 'segment' ) ), $card->words( 'tags' ) ), 'strlen' ) );
		}
		$shown = array_map( array( 'Wcflow_Html', 'short' ), array_slice( $words, 0, self::PREVIEW ) );
		$more  = count( $words ) - count( $shown );
		if ( $more ) {
			/* translators: %s: number of further tags */
			$shown[] = sprintf( __( '+%s more', 'wcflow-companion' ), number_format_i18n( $more ) );
		}
		$details['wcflow'] = implode( ' · ', $shown );
		return $details;
	}

	/**
	 * Print the line of the order preview. It is a template that a script fills in.
	 */
	public static function preview_line() {
		echo '<# if ( data.wcflow ) { #><div class="wcflow-preview"><strong>' . esc_html__( 'Customer:', 'wcflow-companion' ) . '</strong> <bdi>{{ data.wcflow }}</bdi></div><# } #>';
	}
}
